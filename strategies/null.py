"""Null: answers without a model, at once or after a delay known beforehand. It measures the harness itself.

Settings: `delay_ms` (0 answers within the call), `delay_kind` ("constant", or "lognormal" around that median with
`delay_sigma`, the standard deviation of its logarithm), `stall_at_s` and `stall_s` (from that moment after the first
request on, nothing is answered for that long), `seed`.
"""

import heapq
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.trace import Status
from data.usage import Usage
from strategies.contract import Answer, Deployment, Done, Limits, Request, Strategy
from strategies.hosts.contract import Host
from strategies.loadgen.quiet import WAKE_ERROR_S
from strategies.packaging.package import ModelPackage

_SPIN_S = 0.001
_DELAYS_DRAWN = 65_536  # then they repeat
_DEFAULTS: dict[str, float | str] = {
    "delay_ms": 0.0, "delay_kind": "constant", "delay_sigma": 0.5, "stall_at_s": 0.0, "stall_s": 0.0, "seed": 1,
}  # fmt: skip


class Null(Strategy):
    title = "Null"
    summary = "Answers at once without a model, or after a delay that is known: what is left is the harness itself."
    hosts = ("process",)
    not_on: ClassVar[Mapping[str, str]] = {
        "container": "Nothing is started, so there is nothing to put into a container.",
        "function": "Nothing is started, so there is nothing to run as a function.",
    }
    update_needs_deployment = False

    @contextmanager
    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> Iterator[Deployment]:  # noqa: ARG002 - nothing to host
        unknown = limits.settings.keys() - _DEFAULTS.keys()
        if unknown:
            name = min(unknown)
            raise InvalidValue(
                name, limits.settings[name], "is not a setting of null", f"choose from {', '.join(_DEFAULTS)}"
            )
        settings = {**_DEFAULTS, **limits.settings}
        stall = float(settings["stall_at_s"]), float(settings["stall_s"])
        yield NullDeployment(model.version, known_delays_s(settings), stall)


def known_delays_s(settings: dict[str, float | str]) -> NDArray[np.float64]:
    """The delay of each request, by its id (modulo the length): known before the run, so figures can be checked."""
    median_s, kind = float(settings["delay_ms"]) / 1e3, settings["delay_kind"]
    if kind == "constant":
        return np.array([median_s])
    if kind == "lognormal":
        draws = np.random.default_rng(int(settings["seed"])).standard_normal(_DELAYS_DRAWN)
        return median_s * np.exp(float(settings["delay_sigma"]) * draws)
    raise InvalidValue("delay_kind", kind, "is not a kind of delay", "choose constant or lognormal")


class NullDeployment(Deployment):
    """Holds answers back in a heap, by the moment at which they are due."""

    wake_error_s = WAKE_ERROR_S

    def __init__(self, version: str, delays_s: NDArray[np.float64], stall: tuple[float, float]) -> None:
        self._version = version
        self._delays_s: list[float] = delays_s.tolist()
        self._stall = stall
        self._first_s: float | None = None
        self._due: list[tuple[float, int, Done]] = []
        self._began_s = time.perf_counter()

    def prepare(self, rows: NDArray[np.float32]) -> None:  # noqa: ARG002 - no model reads them
        return

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        now = time.perf_counter()
        if self._first_s is None:
            self._first_s = now
        for request in requests:
            taken_up_s = self._after_stall(now)
            due_s = self._after_stall(taken_up_s + self._delays_s[request.id % len(self._delays_s)])
            if due_s <= now:
                done(Answer(request.id, Status.OK, None, self._version, 0, now))
            else:
                heapq.heappush(self._due, (due_s, request.id, done))

    def _after_stall(self, moment_s: float) -> float:
        assert self._first_s is not None
        from_s = self._first_s + self._stall[0]
        until_s = from_s + self._stall[1]
        return until_s if from_s <= moment_s < until_s else moment_s

    def poll(self, wait_s: float) -> None:
        until_s = time.perf_counter() + wait_s
        due_s = self._due[0][0] if self._due else float("inf")
        wake_s = min(until_s, due_s)
        while (left_s := wake_s - time.perf_counter()) > 0:
            if left_s > _SPIN_S:
                time.sleep(left_s - _SPIN_S)
        while self._due and self._due[0][0] <= time.perf_counter():
            _, request_id, done = heapq.heappop(self._due)
            done(Answer(request_id, Status.OK, None, self._version, 0))

    def update(self, model: ModelPackage) -> None:
        self._version = model.version

    def usage(self) -> Usage:
        """It consumes nothing that is not the generator's own."""
        return Usage(cpu_s=0.0, peak_bytes=0, sent_bytes=0, instance_s=time.perf_counter() - self._began_s)
