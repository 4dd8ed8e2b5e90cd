"""Kubernetes manifests: deployment, service, autoscaler, disruption budget and network policy."""

from collections.abc import Mapping
from typing import Any

from simulators.shipping.contract import FileKind, Files, as_yaml
from simulators.shipping.files._pod import pod
from simulators.shipping.files._program import consumer
from simulators.shipping.shipment import PORT, Shipment

FOLDER = "kubernetes"


class Kubernetes(FileKind):
    title = "Kubernetes manifests"
    summary = (
        "Deployment with probes and limits from what was measured, service, HorizontalPodAutoscaler, disruption budget "
        "and network policy. A stream's consumers find the broker's address in the secret NAME-broker."
    )
    strategies = ("api", "streaming")
    use = f"kubectl apply -k {FOLDER}"

    def files(self, shipment: Shipment) -> Files:
        made = {
            "deployment": deployment(shipment),
            "service": _service(shipment),
            "autoscaler": autoscaler(shipment, "apps/v1", "Deployment"),
            "disruption-budget": disruption_budget(shipment),
            "network-policy": network_policy(shipment),
        }
        kept = {name: document for name, document in made.items() if document}
        files = {f"{FOLDER}/{name}.yaml": as_yaml(document) for name, document in kept.items()}
        listed = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"{name}.yaml" for name in kept],
        }
        return {**files, f"{FOLDER}/kustomization.yaml": as_yaml(listed, about=self.use)}


def deployment(shipment: Shipment) -> dict[str, Any]:
    """Replicas that are replaced one by one, never fewer than there were."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {
            "replicas": shipment.replicas,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": dict(shipment.selector)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template(shipment),
        },
    }


def template(shipment: Shipment) -> dict[str, Any]:
    """A pod of the deployment, spread over nodes and zones."""
    if shipment.listens:
        spec = pod(shipment, serves=True)
    else:
        url = {"name": f"{shipment.name}-broker", "key": "url"}
        spec = pod(
            shipment, command=consumer(shipment),
            environment=[{"name": "DRYDOCK_NATS_URL", "valueFrom": {"secretKeyRef": url}}],
        )  # fmt: skip
    spread = [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(shipment.selector)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
    return {"metadata": {"labels": dict(shipment.labels)}, "spec": {**spec, "topologySpreadConstraints": spread}}


def service(shipment: Shipment, name: str) -> dict[str, Any]:
    """An address within the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": dict(shipment.labels)},
        "spec": {
            "selector": dict(shipment.selector),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def autoscaler(shipment: Shipment, version: str, kind: str) -> dict[str, Any]:
    """Adds replicas when they are busier than planned, and removes them after five quiet minutes."""
    target = round(100 * shipment.setting("target", 0.5))
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {
            "scaleTargetRef": {"apiVersion": version, "kind": kind, "name": shipment.name},
            "minReplicas": shipment.replicas,
            "maxReplicas": shipment.most_replicas,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}},
                }
            ],
            "behavior": {
                "scaleDown": {"stabilizationWindowSeconds": int(shipment.setting("down_stabilisation_s", 300))}
            },
        },
    }


def disruption_budget(shipment: Shipment) -> dict[str, Any]:
    """Maintenance may take one replica at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": dict(shipment.selector)}},
    }


def _service(shipment: Shipment) -> Mapping[str, Any]:
    return service(shipment, shipment.name) if shipment.listens else {}


def network_policy(shipment: Shipment) -> Mapping[str, Any]:
    """In: requests, from the same namespace. Out: nothing for a server; names and the broker for a consumer."""
    ingress = (
        [{"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": PORT}]}] if shipment.listens else []
    )
    names = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
    egress = [] if shipment.listens else [names, {"ports": [{"protocol": "TCP", "port": 4222}]}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {
            "podSelector": {"matchLabels": dict(shipment.selector)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }
