"""Kill something that really serves while requests come, and count what became of them.

What dies is killed by SIGKILL from the load generator's own thread, in between two looks at the network, so that the
moment is known. Nobody restarts a replica; the broker and functions are restarted by what watches over them.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import UnknownKind
from data.provenance import Provenance
from data.trace import Trace
from data.usage import Usage
from data.workloads.contract import OpenSchedule, Workload
from data.workloads.poisson import Poisson
from strategies.contract import Deployment, Done, Limits, Request, Strategy
from strategies.hosts.contract import Host
from strategies.hosts.function import FunctionRunning
from strategies.live.recorded import Recorded
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage

CALM_S = 1.0
"""What fails after so long a calm has another cause. It is one only if somebody was answered meanwhile."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What is deployed, what is killed in it, and when users give up."""

    name: str
    title: str
    strategy: str
    host: str
    workers: int
    rate_rps: float
    timeout_s: float
    at_s: float = 1.0
    """When it strikes."""
    seconds: float = 3.0

    @property
    def comes_back(self) -> bool:
        """Whether something starts again what was killed."""
        return self.name != "replica"

    @property
    def workload(self) -> Workload:
        return Poisson(rate_rps=self.rate_rps, duration_s=self.seconds)


_DRILLS = (
    Drill("replica", "One of two replicas of the API", "api", "process", 2, 400.0, 0.5),
    Drill("broker", "The broker of a stream", "streaming", "process", 1, 100.0, 0.1),
    Drill("function", "All instances of a function", "api", "function", 1, 4.0, 0.3, at_s=2.0, seconds=6.0),
)


def drills(*names: str) -> tuple[Drill, ...]:
    """The drills of these names; all without any."""
    known = {drill.name: drill for drill in _DRILLS}
    for name in names:
        if name not in known:
            raise UnknownKind("drill", name, known)
    return tuple(known[name] for name in names) or _DRILLS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault did to the requests of one run."""

    failed: int
    """Requests that failed, were refused or timed out from the strike on, until for `CALM_S` all were answered."""
    recovery_s: float
    """From the strike until the last of them was over; 0 where there were none."""

    @classmethod
    def of(cls, trace: Trace, at_s: float) -> "Outcome":
        ends = np.sort(trace.end_s[~trace.ok & (trace.end_s >= at_s)])
        answered = np.sort(trace.end_s[trace.ok & (trace.scheduled_s >= at_s)])
        edges = np.concatenate([[at_s], ends])
        between = np.diff(np.searchsorted(answered, edges))  # answers from one failure to the next
        calm = np.flatnonzero((np.diff(edges) > CALM_S) & (between > 0))
        ends = ends[: calm[0]] if len(calm) else ends
        return cls(len(ends), float(ends[-1] - at_s) if len(ends) else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Injected:
    """One strike at a real deployment."""

    trace: Trace
    at_s: float
    """When it struck, on the trace's clock."""

    @property
    def outcome(self) -> Outcome:
        return Outcome.of(self.trace, self.at_s)


def inject(drill: Drill, package: ModelPackage, rows: NDArray[np.float32], seed: int) -> Injected:
    """Deploy, drive, kill at `drill.at_s`, and drive on to the end. `rows` are what requests carry. (rows, features)"""
    strategy = kind("strategies", Strategy, drill.strategy)()  # type: ignore[type-abstract]
    host = Recorded(kind("strategies.hosts", Host, drill.host)())  # type: ignore[type-abstract]
    limits = Limits(workers=drill.workers, timeout_s=max(drill.timeout_s, 5.0))
    schedule = drill.workload.schedule(len(rows), seed)
    assert isinstance(schedule, OpenSchedule)
    with strategy.deploy(package, host, limits) as deployment:
        _warm_up(deployment, rows, drill)
        struck = _Struck(deployment, drill.at_s, lambda: _kill(drill, deployment, host))
        driven = drive(struck, schedule, rows, timeout_s=drill.timeout_s)
    about = Provenance("measured", drill.name, "", seed)
    trace = Trace.build(driven.columns, versions=driven.versions, usage=Usage(), provenance=about)
    return Injected(trace, struck.struck_s - driven.began_s)


def _warm_up(deployment: Deployment, rows: NDArray[np.float32], drill: Drill) -> None:
    """A second of the same traffic with patient users, so that what starts has started."""
    before = Poisson(rate_rps=drill.rate_rps, duration_s=1.0).schedule(len(rows), 1)
    drive(deployment, before, rows, timeout_s=10.0)


def _kill(drill: Drill, deployment: Deployment, host: Recorded) -> None:
    if drill.name == "broker":
        from strategies.streams.broker import OwnBroker
        from strategies.streams.deployment import StreamingDeployment

        assert isinstance(deployment, StreamingDeployment)
        assert isinstance(deployment.broker, OwnBroker)
        deployment.broker.restart(hard=True)
        return
    running = host.running[0]
    pids: Sequence[int] = running.state().pids if isinstance(running, FunctionRunning) else running.pids[:1]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class _Struck(Deployment):
    """Another deployment, in which something is killed at a moment of the run, and which is driven on after it."""

    def __init__(self, inner: Deployment, at_s: float, kill: Callable[[], None]) -> None:
        self._inner, self._at_s, self._kill = inner, at_s, kill
        self._due_s = float("inf")
        self.struck_s = float("nan")
        """When it was, on the `time.perf_counter` clock."""
        self.wake_error_s = inner.wake_error_s  # type: ignore[misc]

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self._inner.prepare(rows)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        self._strike_if_due()
        self._inner.issue(requests, done)

    def poll(self, wait_s: float) -> None:
        self._inner.poll(min(wait_s, max(self._due_s - time.perf_counter(), 0.0)))
        self._strike_if_due()

    def flush(self) -> None:
        self._inner.flush()

    def update(self, model: ModelPackage) -> None:
        self._inner.update(model)

    def usage(self) -> Usage:
        if self._due_s == float("inf"):  # asked first when the run begins
            self._due_s = time.perf_counter() + self._at_s
        return Usage()

    def health(self) -> str:
        return ""

    def _strike_if_due(self) -> None:
        if time.perf_counter() >= self._due_s:
            self._due_s = self._at_s = float("inf")
            self.struck_s = time.perf_counter()
            self._kill()
