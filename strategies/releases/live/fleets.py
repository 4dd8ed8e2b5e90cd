"""The two deployments of a release, and the router before them, each in processes of its own."""

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from data.usage import Usage
from strategies.hosts.contract import Host, Running, Service
from strategies.packaging.build import write_manifest
from strategies.packaging.package import MANIFEST, ModelPackage
from strategies.releases.faults._dressing import VARIABLE as FAULT_VARIABLE
from strategies.releases.faults.contract import Fault
from strategies.releases.live.steering import Steering
from strategies.releases.router.order import VARIABLE, Order

_IDLE_TIMEOUT_S = 3_600


class Fleet:
    """One version's deployment, which may be started and stopped on its own."""

    def __init__(self, service: Service, host: Host) -> None:
        self._service, self._host = service, host
        self._stack = ExitStack()
        self.running: Running | None = None
        self._spent = Usage(cpu_s=0.0, peak_bytes=0, instance_s=0.0)

    def start(self) -> int:
        """Start it; returns its port once it is ready."""
        self.running = self._stack.enter_context(self._host.run(self._service))
        return self.running.port

    def stop(self) -> None:
        if self.running is not None:
            self._spent = self.running.usage()
            self.running = None
        self._stack.close()

    def usage(self) -> Usage:
        return self._spent if self.running is None else self.running.usage()


class Release:
    """Both fleets and the router, up and ready."""

    def __init__(self, old: Fleet, new: Fleet, router: Running, secret: str) -> None:
        self.old, self.new, self.router = old, new, router
        self.steering = Steering(router.port, secret)
        self.started_s = time.perf_counter()

    def replace(self) -> None:
        """Stop the old version, then start the new one: what "recreate" means."""
        self.steering.ask("versions", {"old": 0})
        self.old.stop()
        self.steering.ask("versions", {"new": self.new.start()})


@contextmanager
def versions(
    package: ModelPackage,
    successor: ModelPackage,
    fault: Fault,
    host: Host,
    *,
    workers: int = 1,
    timeout_s: float = 5.0,
    start_new: bool = True,
) -> Iterator[tuple[Fleet, Fleet]]:
    """The old version and the new one, deployed.

    Parameters
    ----------
    successor
        The package that the new version serves; `Fault.package` makes it.
    start_new
        Whether the new version runs from the beginning; else `Release.replace` starts it.
    """
    with ExitStack() as stack:
        old = Fleet(serving(package, workers, timeout_s), host)
        stack.callback(old.stop)
        new = Fleet(faulty(successor, fault, workers, timeout_s), host)
        stack.callback(new.stop)
        old.start()
        if start_new:
            new.start()
        yield old, new


@contextmanager
def routed(old: Fleet, new: Fleet, order: dict[str, Any], host: Host, *, timeout_s: float = 5.0) -> Iterator[Release]:
    """A router before two versions; `order` holds the fields of its `Order` besides ports and secret."""
    secret = secrets.token_urlsafe(24)
    assert old.running is not None
    # The router gives up later than whoever asks it, so that the answer tells which of the two was late.
    plan = Order(
        **order, old=old.running.port, new=new.running.port if new.running else 0, secret=secret,
        timeout_s=timeout_s + 1.0,
    )  # fmt: skip
    service = Service("router", "strategies.releases.router", environment={VARIABLE: plan.to_json()})
    with host.run(service) as router:
        yield Release(old, new, router, secret)


def serving(package: ModelPackage, workers: int, timeout_s: float) -> Service:
    """The old version: the usual server."""
    return Service("old", "strategies.serving", _arguments(timeout_s), {"package": package.folder}, replicas=workers)


def faulty(package: ModelPackage, fault: Fault, workers: int, timeout_s: float) -> Service:
    """The new version: the usual server with a fault around its predictions."""
    return Service(
        "new",
        "strategies.releases.faults._serve",
        _arguments(timeout_s),
        {"package": package.folder},
        {FAULT_VARIABLE: json.dumps(fault_order(package, fault))},
        replicas=workers,
    )


def fault_order(package: ModelPackage, fault: Fault) -> dict[str, Any]:
    """What the faulty server is told."""
    from data.discovery import kind_name

    name = kind_name(type(fault))
    settings = {f.name: getattr(fault, f.name) for f in fields(fault) if f.init}
    return {"fault": name, "settings": settings, "version": f"{package.version}+{name}"}


def _arguments(timeout_s: float) -> tuple[str, ...]:
    return (
        "--package", "{files:package}", "--timeout-s", str(timeout_s), "--idle-timeout-s", str(_IDLE_TIMEOUT_S),
    )  # fmt: skip


def renamed(package: ModelPackage, folder: Path) -> ModelPackage:
    """The same files in `folder` as another version, so that answers tell who gave them."""
    for name in package.manifest.files:
        shutil.copyfile(package.folder / name, folder / name)
    manifest = replace(package.manifest, version=f"{package.version[:9]}new")
    write_manifest(folder / MANIFEST, manifest)
    return ModelPackage.open(folder)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for packages that only this release needs."""
    with tempfile.TemporaryDirectory(prefix="drydock-release-") as folder:
        yield Path(folder)
