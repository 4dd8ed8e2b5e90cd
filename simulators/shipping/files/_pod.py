"""What a pod may do and what it is given, the same for servers, consumers and jobs."""

from collections.abc import Sequence
from typing import Any

from simulators.shipping.shipment import PORT, Shipment

_GRACE_S = 15
"""A server drains for 8 s at most after SIGTERM; before that it goes on while balancers forget it."""


def pod(
    shipment: Shipment,
    *,
    command: Sequence[str] = (),
    environment: Sequence[dict[str, Any]] = (),
    serves: bool = False,
    mounts: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A pod's spec, but for what only its owner says."""
    container: dict[str, Any] = {
        "name": "model",
        "image": shipment.image,
        "resources": _resources(shipment),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, *mounts],
    }
    if command:
        container["command"] = list(command)
    if environment:
        container["env"] = list(environment)
    if serves:
        container |= _probes() | {"env": [_token(shipment)]}
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _GRACE_S,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10_001,
            "fsGroup": 10_001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}],
    }


def _resources(shipment: Shipment) -> dict[str, Any]:
    """What it is promised, and the most it may have: memory alike, twice the processors for what comes at once."""
    wanted = shipment.resources
    return {
        "requests": {"cpu": f"{wanted.millicores}m", "memory": f"{wanted.mib}Mi"},
        "limits": {"cpu": f"{2 * wanted.millicores}m", "memory": f"{wanted.mib}Mi"},
    }


def _probes() -> dict[str, Any]:
    def ask(path: str, **more: int) -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 2, **more}

    return {
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": ask("/readyz", periodSeconds=1, failureThreshold=60),
        "readinessProbe": ask("/readyz", periodSeconds=2, failureThreshold=2),
        "livenessProbe": ask("/healthz", periodSeconds=10, failureThreshold=3),
    }


def _token(shipment: Shipment) -> dict[str, Any]:
    """The clients' token, where the cluster has a secret of that name."""
    secret = {"name": f"{shipment.name}-token", "key": "token", "optional": True}
    return {"name": "DRYDOCK_TOKEN", "valueFrom": {"secretKeyRef": secret}}
