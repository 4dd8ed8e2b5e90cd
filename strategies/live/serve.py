"""The job that keeps a deployment up until it is cancelled.

It measures nothing. Besides what the strategy itself starts, it opens a door on the loopback interface, through which
whoever knows the secret in the payload sees how the deployment is, asks it for a prediction, and ships a new version
(see `strategies.live.client`). One thread does all of it, as a deployment demands.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from data.discovery import kind
from data.errors import DrydockError, InvalidValue, Unavailable
from strategies.contract import Answer, Deployment, Limits, Request, Strategy
from strategies.hosts.contract import Host
from strategies.jobs.job import Progress
from strategies.live.door import Door
from strategies.live.recorded import Recorded
from strategies.live.snippets import example_record
from strategies.packaging.package import ModelPackage
from strategies.survey.taking_up import take_up

SERVE = "strategies.live.serve:serve"
SERVING = "serving"
"""The stage in which it is up; the job's message is then the door's port."""
PUBLISH_S = 60.0
"""How long a published version may take until it answers."""
LAST_S = 20.0
"""How long its last requests may wait for their answers, as those of a batch do."""
_LOOK_EVERY_S = 0.2


class Stopped(DrydockError):
    """A process of the deployment ended by itself; the message says how, with the last lines it printed."""


def serve(payload: dict[str, Any], progress: Progress, cancelled: Callable[[], bool]) -> dict[str, Any]:
    """Deploy and stay up.

    Parameters
    ----------
    payload
        `folder` of the package, `strategy`, `host`, `workers`, `settings`, `timeout_s`, and `secret` of the door.
    progress
        Told of the stage `SERVING`, with the door's port as its message.

    Raises
    ------
    Cancelled
        As it was asked to; everything is stopped.
    Stopped
        What serves died.
    """
    package = ModelPackage.open(Path(payload["folder"]))
    strategy = kind("strategies", Strategy, payload["strategy"])()  # type: ignore[type-abstract]
    host = Recorded(_host(payload["host"], strategy, payload["strategy"]))
    limits = Limits(
        workers=payload.get("workers", 1),
        timeout_s=payload.get("timeout_s", 5.0),
        settings=dict(payload.get("settings", {})),
    )
    progress("starting", 0.0)
    with strategy.deploy(package, host, limits) as deployment, Door(payload["secret"]) as door:
        live = Live(package, deployment, host, limits, strategy.update_needs_deployment, cancelled)
        progress(SERVING, 1.0, str(door.port))
        while not cancelled():
            door.answer(live.ask, _LOOK_EVERY_S)
            if problem := deployment.health():
                raise Stopped(problem)
    return {}


class Live:
    """What the door leads to."""

    def __init__(
        self, package: ModelPackage, deployment: Deployment, host: Recorded, limits: Limits, needs_deployment: bool,
        cancelled: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._package, self._deployment, self._host, self._limits = package, deployment, host, limits
        self._needs_deployment, self._cancelled = needs_deployment, cancelled

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks; `InvalidValue` for one that makes no sense."""
        doing = {
            "/status": self._status, "/predict": self._predict, "/update": self._update, "/publish": self._publish,
        }.get(path)  # fmt: skip
        if doing is None:
            raise InvalidValue("path", path, "leads nowhere", "ask for /status, /predict, /update or /publish")
        return doing(body)

    def _status(self, _body: dict[str, Any]) -> dict[str, Any]:
        running = self._host.running
        pids = [pid for service in running for pid in service.pids] or [os.getpid()]
        usage = self._deployment.usage()
        return {
            "version": self._package.version,
            "folder": str(self._package.folder),
            "pids": pids,
            "ports": [service.port for service in running if service.port],
            "memory_bytes": sum(_resident_bytes(pid) for pid in pids),
            "cpu_s": usage.cpu_s,
            "log": "\n".join(service.log() for service in running)[-4_000:],
        }

    def _predict(self, body: dict[str, Any]) -> dict[str, Any]:
        row = self._package.manifest.schema.encode_record(body["record"])
        self._deployment.prepare(row.reshape(1, -1))
        answers: list[Answer] = []
        began_s = time.perf_counter()
        self._deployment.issue([Request(0, 0)], answers.append)
        self._deployment.flush()
        deadline_s = began_s + self._limits.timeout_s
        while not answers and time.perf_counter() < deadline_s:
            self._deployment.poll(0.01)
        took_s = time.perf_counter() - began_s
        if not answers:
            raise InvalidValue("prediction", "none", f"came within {self._limits.timeout_s:g} s", "look at the log")
        answer = answers[0]
        outputs = [] if answer.outputs is None else [float(v) for v in np.ravel(answer.outputs)]
        return {
            "status": answer.status.name.lower(),
            "reason": answer.reason,
            "outputs": outputs,
            "version": answer.version,
            "latency_ms": took_s * 1e3,
        }

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        package = self._newer(body["folder"])
        self._deployment.update(package)
        self._package = package
        return {"version": package.version}

    def _publish(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ship a version while requests go on, and tell how it was taken up."""
        package = self._newer(body["folder"])
        if self._needs_deployment:
            rule = "reaches this application only with its next release"
            raise InvalidValue("version", package.version, rule, "stop it, and start it with that version")
        row = self._package.manifest.schema.encode_record(example_record(self._package.manifest))
        self._deployment.prepare(row.reshape(1, -1))
        found = take_up(
            self._deployment, package, 1, timeout_s=max(self._limits.timeout_s, LAST_S), within_s=PUBLISH_S,
            cancelled=self._cancelled,
        )  # fmt: skip
        self._package = package
        return found.to_dict()

    def _newer(self, folder: str) -> ModelPackage:
        package = ModelPackage.open(Path(folder))
        if _read_by(package) != _read_by(self._package):
            raise InvalidValue(
                "version", package.version, "reads other features than the one that serves", "choose another package"
            )
        return package


def _host(name: str, strategy: Strategy, strategy_name: str) -> Host:
    if name not in strategy.hosts:
        raise InvalidValue("host", name, f"cannot run {strategy_name}", f"choose {' or '.join(strategy.hosts)}")
    host = kind("strategies.hosts", Host, name)()  # type: ignore[type-abstract]
    if missing := host.missing():
        raise Unavailable(f"The host {name} cannot run here", missing)
    return host


def _read_by(package: ModelPackage) -> list[tuple[str, tuple[str, ...]]]:
    """What must be the same for two versions to read the same rows alike."""
    return [(feature.name, feature.categories) for feature in package.manifest.schema.features]


def _resident_bytes(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
