"""A batch job that Kubernetes runs again and again."""

from typing import Any

from simulators.shipping.contract import FileKind, Files, as_yaml
from simulators.shipping.files._pod import pod
from simulators.shipping.files._program import job
from simulators.shipping.shipment import Shipment

FOLDER = "kubernetes"
_DATA = "/data"


class CronJob(FileKind):
    title = "Kubernetes CronJob"
    summary = (
        "Predicts input.parquet on a volume into predictions.parquet, at the candidate's interval. A run that was "
        "interrupted goes on where it was; one at a time."
    )
    strategies = ("batch",)
    use = f"kubectl apply -k {FOLDER}"

    def files(self, shipment: Shipment) -> Files:
        listed = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["cronjob.yaml", "volume.yaml"],
        }
        return {
            f"{FOLDER}/cronjob.yaml": as_yaml(_cron_job(shipment)),
            f"{FOLDER}/volume.yaml": as_yaml(_volume(shipment)),
            f"{FOLDER}/kustomization.yaml": as_yaml(listed, about=self.use),
        }


def schedule_of(every_s: float) -> str:
    """The nearest schedule that cron knows: every so many minutes, hours or days.

    >>> [schedule_of(s) for s in (60, 900, 3_600, 21_600, 86_400, 500_000)]
    ['*/1 * * * *', '*/15 * * * *', '0 */1 * * *', '0 */6 * * *', '0 3 * * *', '0 3 * * *']
    """
    minutes = max(1, round(every_s / 60))
    if minutes < 60:
        return f"*/{max(d for d in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30) if d <= minutes)} * * * *"
    hours = minutes // 60
    if hours < 24:
        return f"0 */{max(d for d in (1, 2, 3, 4, 6, 8, 12) if d <= hours)} * * *"
    return "0 3 * * *"


def _cron_job(shipment: Shipment) -> dict[str, Any]:
    every_s = shipment.setting("batch_every_s", shipment.setting("every_s", 3_600.0)) or 3_600.0
    spec = pod(shipment, command=job(_DATA), mounts=[{"name": "data", "mountPath": _DATA}])
    spec["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": f"{shipment.name}-data"}})
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {
            "schedule": schedule_of(every_s),
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 300,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 3,
                    "template": {
                        "metadata": {"labels": dict(shipment.labels)},
                        "spec": {**spec, "restartPolicy": "OnFailure"},
                    },
                }
            },
        },
    }


def _volume(shipment: Shipment) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{shipment.name}-data", "labels": dict(shipment.labels)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }
