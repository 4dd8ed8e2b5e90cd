"""The four patterns of serving a model, each deployed for real: its parts, how it answers, how it is updated."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import Unavailable
from data.trace import Status
from strategies.contract import Answer, Deployment, Limits, Request, Strategy
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.survey.parts import Census, Noticing, Parts

TIMEOUT_S = 60.0
_ASKED = 30
_ALONE_S = 1.0
"""How long to wait for an answer to a lone request before it counts as one that waits for a job."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one run of a strategy showed."""

    parts: Parts
    on_the_fly: bool
    """Whether a request was answered by itself; otherwise only in a job over all that wait."""
    latency_ms: float
    """Median over requests one after the other; for a job, the one from its start."""
    update_s: float | None
    """From shipping a new version to its first answer; None where the application must be released for it."""

    @property
    def managed(self) -> int:
        """Everything that was counted, each counting one."""
        parts = self.parts
        return len(parts.units) + parts.processes + parts.ports + len(parts.stores) + parts.brokers


@contextmanager
def deployed(
    name: str, package: ModelPackage, rows: NDArray[np.float32], limits: Limits
) -> Iterator[tuple[Deployment, Census]]:
    """A strategy on plain processes, prepared with `rows` (rows, features), and counted as long as it is up."""
    strategy = kind("strategies", Strategy, name)()  # type: ignore[type-abstract]
    host = Noticing(ProcessHost())
    if missing := host.missing():
        raise Unavailable("The patterns cannot run here", missing)
    with strategy.deploy(package, host, limits) as deployment:
        deployment.prepare(rows)
        with Census(deployment, host) as census:
            yield deployment, census


def observe(
    name: str, package: ModelPackage, newer: ModelPackage, rows: NDArray[np.float32], stop: Callable[[], None]
) -> Pattern:
    """Deploy a strategy, ask it, and ship a new version to it where that needs no release."""
    strategy = kind("strategies", Strategy, name)  # type: ignore[type-abstract]
    with deployed(name, package, rows, Limits(timeout_s=TIMEOUT_S)) as (deployment, census):
        asker = _Asker(deployment, stop)
        on_the_fly, first_ms = asker.alone()
        latencies = [asker.ask() for _ in range(_ASKED)] if on_the_fly else [first_ms]
        update_s = None
        if not strategy.update_needs_deployment:
            began_s = time.perf_counter()
            deployment.update(newer)
            while asker.ask() and asker.version != newer.version:
                stop()
            update_s = time.perf_counter() - began_s
        parts = census.parts()
    return Pattern(parts, on_the_fly, statistics.median(latencies), update_s)


class _Asker:
    """Asks one thing after the other."""

    def __init__(self, deployment: Deployment, stop: Callable[[], None]) -> None:
        self._deployment, self._stop, self._asked = deployment, stop, 0
        self.version = ""

    def alone(self) -> tuple[bool, float]:
        """Ask without saying that no more will come: was that enough? And how long the answer took from then, in ms."""
        answers, began_s = self._issue(), time.perf_counter()
        while not answers and time.perf_counter() - began_s < _ALONE_S:
            self._deployment.poll(0.01)
        if answers:
            return True, (time.perf_counter() - began_s) * 1e3
        return self._flushed(answers, time.perf_counter())

    def ask(self) -> float:
        """Ask once; how long the answer took, in ms."""
        began_s = time.perf_counter()
        return self._flushed(self._issue(), began_s)[1]

    def _issue(self) -> list[Answer]:
        answers: list[Answer] = []
        self._deployment.issue([Request(self._asked, 0)], answers.append)
        self._asked += 1
        return answers

    def _flushed(self, answers: list[Answer], began_s: float) -> tuple[bool, float]:
        self._deployment.flush()
        while not answers:
            self._stop()
            self._deployment.poll(0.01)
            if time.perf_counter() - began_s > TIMEOUT_S:
                raise Unavailable("A deployment gave no answer", "run it again when the machine is less busy")
        if answers[0].status != Status.OK:
            raise Unavailable(f"A deployment failed to answer ({answers[0].reason})", "run it again")
        self.version = answers[0].version
        return False, (time.perf_counter() - began_s) * 1e3
