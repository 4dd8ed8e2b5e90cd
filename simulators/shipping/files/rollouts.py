"""A canary by Argo Rollouts: shares of traffic step by step, each judged by what Prometheus saw."""

from typing import Any

from simulators.shipping.contract import FileKind, Files, as_yaml
from simulators.shipping.files.kubernetes import autoscaler, disruption_budget, network_policy, service, template
from simulators.shipping.shipment import Shipment
from strategies.releases.canary import Canary
from strategies.serving.metrics import BOUNDS_S

FOLDER = "rollouts"
_LEAST = 50
"""Requests of the new version that a judgement takes at least."""


class Rollouts(FileKind):
    title = "Argo Rollouts canary"
    summary = (
        "Instead of the deployment: a rollout that gives a new version the canary policy's shares, one after the "
        "other, and takes it back when more of its requests fail or are late than the SLO allows. It needs Argo "
        "Rollouts, and Prometheus that scrapes /metrics."
    )
    use = f"kubectl apply -k {FOLDER}"

    def files(self, shipment: Shipment) -> Files:
        made = {
            "rollout": rollout(shipment),
            "analysis": _analysis(shipment),
            "service": service(shipment, shipment.name),
            "service-canary": service(shipment, f"{shipment.name}-canary"),
            "autoscaler": autoscaler(shipment, "argoproj.io/v1alpha1", "Rollout"),
            "disruption-budget": disruption_budget(shipment),
            "network-policy": network_policy(shipment),
        }
        listed = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"{name}.yaml" for name in made],
        }
        files = {f"{FOLDER}/{name}.yaml": as_yaml(document) for name, document in made.items()}
        return {**files, f"{FOLDER}/kustomization.yaml": as_yaml(listed, about=self.use)}


def rollout(shipment: Shipment) -> dict[str, Any]:
    """The steps of the canary policy: its shares and its time between decisions."""
    policy = Canary()
    shares = [policy.step * count for count in range(1, round(policy.most / policy.step) + 1)]
    pause = {"pause": {"duration": f"{policy.interval_s:g}s"}}
    steps: list[dict[str, Any]] = []
    for share in shares:
        steps += [{"setWeight": round(100 * share)}, pause]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {
            "replicas": shipment.replicas,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": dict(shipment.selector)},
            "template": template(shipment),
            "strategy": {
                "canary": {
                    "stableService": shipment.name,
                    "canaryService": f"{shipment.name}-canary",
                    "maxSurge": 1,
                    "maxUnavailable": 0,
                    "analysis": {
                        "startingStep": 1,
                        "templates": [{"templateName": shipment.name}],
                        "args": [
                            {
                                "name": "hash",
                                "valueFrom": {"podTemplateHashValue": "Latest"},
                            }
                        ],
                    },
                    "steps": steps,
                }
            },
        },
    }


def _analysis(shipment: Shipment) -> dict[str, Any]:
    """Failed and late requests of the new version's pods, against what the SLO allows."""
    limit_s = min((bound for bound in BOUNDS_S if bound >= shipment.slo.latency_ms / 1e3), default=BOUNDS_S[-1])
    pods = f'pod=~"{shipment.name}-{{{{args.hash}}}}-.*"'
    total = f"sum(increase(drydock_requests_total{{{pods}}}[2m]))"
    failed = f'sum(increase(drydock_requests_total{{{pods},status=~"5.."}}[2m]))'
    within = f'sum(increase(drydock_request_seconds_bucket{{{pods},le="{limit_s}"}}[2m]))'
    answered = f"sum(increase(drydock_request_seconds_count{{{pods}}}[2m]))"
    late_share = 1 - shipment.slo.percentile / 100
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": shipment.name, "labels": dict(shipment.labels)},
        "spec": {
            "args": [{"name": "hash"}],
            "metrics": [
                _metric("failed", f"(({failed}) or vector(0)) / {total}", total, shipment.slo.max_error_share),
                _metric("late", f"1 - ({within}) / {answered}", answered, late_share),
            ],
        },
    }


def _metric(name: str, query: str, count: str, most: float) -> dict[str, Any]:
    """Bad where the share is larger than allowed; too few requests say nothing."""
    enough = f"({query}) and ({count} >= {_LEAST})"
    return {
        "name": name,
        "interval": "60s",
        "failureLimit": 1,
        "successCondition": f"len(result) == 0 || isNaN(result[0]) || result[0] <= {most:g}",
        "provider": {"prometheus": {"address": "http://prometheus.monitoring.svc:9090", "query": enough}},
    }
