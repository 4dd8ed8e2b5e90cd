"""A compose file: everything on one machine."""

from collections.abc import Mapping
from typing import Any

from simulators.shipping.contract import FileKind, Files, as_yaml
from simulators.shipping.files._program import consumer, job, set_up
from simulators.shipping.shipment import PORT, Shipment

BROKER_IMAGE = "nats:2.12-alpine"
_URL = "nats://${NATS_TOKEN:?set NATS_TOKEN to a long random text}@nats:4222"


class Compose(FileKind):
    title = "Compose file"
    summary = (
        "All services as containers on one machine, locked in as the container host locks them in: no root, no "
        "capabilities, a read-only file system, limits on processors and memory."
    )
    strategies = ("api", "streaming", "batch")
    use = "docker compose up --build"

    def files(self, shipment: Shipment) -> Files:
        make = {"api": _api, "streaming": _streaming, "batch": _batch}[shipment.candidate.strategy]
        return {"compose.yaml": as_yaml(make(shipment), about=f"{self.title} of {shipment.name}: {self.use}")}


def _locked_in(shipment: Shipment) -> dict[str, Any]:
    """What every container of ours may do."""
    return {
        "image": shipment.image,
        "build": {"context": ".", "network": "host"},
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": 512,
        "cpus": shipment.resources.cpus,
        "mem_limit": f"{shipment.resources.mib}m",
        "stop_grace_period": "15s",
    }


def _api(shipment: Shipment) -> Mapping[str, Any]:
    service = {
        **_locked_in(shipment),
        "environment": {"DRYDOCK_TOKEN": "${DRYDOCK_TOKEN:-}"},
        "ports": [f"127.0.0.1:${{HOST_PORT:-{PORT}}}:{PORT}"],
        "restart": "unless-stopped",
    }
    return {"services": {"api": service}}


def _streaming(shipment: Shipment) -> Mapping[str, Any]:
    url = {"DRYDOCK_NATS_URL": _URL}
    broker = {
        "image": BROKER_IMAGE,
        "command": ["--jetstream", "--store_dir", "/data", "--auth", "${NATS_TOKEN:?set NATS_TOKEN}"],
        "volumes": ["broker:/data"],
        "restart": "unless-stopped",
    }
    prepared = {
        **_locked_in(shipment),
        "command": set_up(shipment), "environment": url, "depends_on": ["nats"], "restart": "on-failure",
    }  # fmt: skip
    consumers = {
        **_locked_in(shipment),
        "command": consumer(shipment), "environment": url, "depends_on": ["nats"], "restart": "unless-stopped",
        "scale": shipment.replicas,
    }  # fmt: skip
    return {"services": {"nats": broker, "set-up": prepared, "consumer": consumers}, "volumes": {"broker": {}}}


def _batch(shipment: Shipment) -> Mapping[str, Any]:
    service = {
        **_locked_in(shipment),
        "command": job("/data"),
        "user": "${UID:-10001}:${GID:-10001}",
        "volumes": ["${DATA:-./data}:/data"],
        "restart": "no",
    }
    return {"services": {"job": service}}
