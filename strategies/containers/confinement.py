"""What a container may do: how the engine is asked to lock a service in.

No root user, no capabilities and no way to gain any, a file system that it cannot change, temporary files in memory,
so many processes, and the limits that the service names. It reads what lies in its image and in the folder ``in`` that
we share with it, and writes to ``out`` and to the folders that it names as writable.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strategies.containers.engine import LABEL, OWNER_LABEL
from strategies.containers.inside import PORT, SERVICE_VARIABLE
from strategies.containers.recipe import FILES, is_package
from strategies.hosts.contract import Service
from strategies.hosts.lifeline.place import Place
from strategies.hosts.process import LOOPBACK, filled

if TYPE_CHECKING:
    from docker import APIClient

IN, OUT, WRITABLE = "/run/drydock/in", "/run/drydock/out", "/run/drydock/writable"
UID = 10_001
"""Who a service is when its caller is root; any other caller's service runs as the caller."""
MOST_PIDS = 512
_TMP_BYTES = 256 << 20


def options(api: "APIClient", service: Service, folder: Path, admit: Callable[[Path], str]) -> dict[str, Any]:
    """Arguments for `create_container`; `folder` holds ``in`` and ``out``, and `admit` puts a file into the former."""
    limits: dict[str, Any] = {}
    if service.cpus is not None:
        limits["nano_cpus"] = round(service.cpus * 1e9)
    if service.memory_bytes is not None:  # as much with swap as without: there is none to fall back on
        limits["mem_limit"] = limits["memswap_limit"] = service.memory_bytes
    # Published on the loopback interface alone; what only calls out shares the machine's network (see the host).
    network: dict[str, Any] = (
        {"port_bindings": {PORT: (LOOPBACK, None)}} if service.listens else {"network_mode": "host"}
    )
    host_config = api.create_host_config(
        auto_remove=True, init=True, read_only=True, cap_drop=["ALL"], security_opt=["no-new-privileges"],
        pids_limit=MOST_PIDS, binds=_binds(service, folder), **limits, **network,
        tmpfs={"/tmp": f"rw,noexec,nosuid,nodev,size={_TMP_BYTES},mode=1777"},
    )  # fmt: skip
    return {
        "host_config": host_config, "stdin_open": True, "user": _user(),
        "ports": [PORT] if service.listens else None, "environment": _environment(service, admit),
        "labels": {LABEL: "container", OWNER_LABEL: str(os.getpid())},
    }  # fmt: skip


def give(path: Path) -> None:
    """Let the container's user have a file or folder. Where that is the caller, it already has."""
    if os.getuid() == 0:
        for each in (path, *path.rglob("*")):
            os.chown(each, UID, UID)


def _user() -> str:
    return f"{os.getuid()}:{os.getgid()}" if os.getuid() else f"{UID}:{UID}"


def _environment(service: Service, admit: Callable[[Path], str]) -> dict[str, str]:
    paths = {name: _placed(service, name, path, admit) for name, path in service.files.items()}
    inner = replace(
        service, arguments=tuple(filled(argument, paths) for argument in service.arguments), files={}, environment={},
        cpus=None, memory_bytes=None, writable=(), settings={},
    )  # fmt: skip
    outer = {name: filled(value, paths) for name, value in service.environment.items()}
    return {**outer, SERVICE_VARIABLE: json.dumps(asdict(inner)), **Place(folder=Path(OUT)).environment()}


def _placed(service: Service, name: str, path: Path, admit: Callable[[Path], str]) -> str:
    """Where the container sees one of the service's files: shared, in the image, or as a copy."""
    if name in service.writable:
        return f"{WRITABLE}/{name}"
    return f"{FILES}/{name}" if is_package(path) else admit(path)


def _binds(service: Service, folder: Path) -> dict[str, Mapping[str, str]]:
    binds: dict[str, Mapping[str, str]] = {
        str(folder / "in"): {"bind": IN, "mode": "ro"},
        str(folder / "out"): {"bind": OUT, "mode": "rw"},
    }
    for name in service.writable:
        path = service.files[name].resolve()
        give(path)
        binds[str(path)] = {"bind": f"{WRITABLE}/{name}", "mode": "rw"}
    return binds
