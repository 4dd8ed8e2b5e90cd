"""A stream under strain: steady requests, a burst, a consumer that is killed, and a new model in flight."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from data.trace import Status
from strategies.contract import Answer, Request
from strategies.packaging.package import ModelPackage
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.facts import StreamFacts

RATE_RPS = 200.0
BURST_S, OUTAGE_S, PUBLISH_S, STEADY_S = 0.8, 2.0, 3.0, 4.0
"""When each begins, counted from the first request; and how long requests keep coming at least."""
CALM = 20
"""Requests waiting below which the stream has caught up: a tenth of a second's worth."""
_SAMPLE_S = 0.02
_DRAIN_S = 60.0


@dataclass(slots=True)
class Trial:
    """What was sent and what came back. Times in seconds since the first request."""

    sent_s: list[float] = field(default_factory=list)
    waited_s: dict[int, float] = field(default_factory=dict)
    """By request, from sending to its end, whatever that was."""
    failed: dict[int, Status] = field(default_factory=dict)
    """Requests that were refused, failed or timed out."""
    versions: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    """Requests that were answered more than once."""
    lag: list[tuple[float, int, int]] = field(default_factory=list)
    """Now and then: requests sent and not yet over, and those that had ended without an answer."""
    killed_s: float = 0.0
    published_s: float = 0.0
    served_s: float = 0.0
    """When every consumer served the new model, seconds after it was published."""
    facts: StreamFacts | None = None

    @property
    def open(self) -> int:
        return len(self.sent_s) - len(self.waited_s)

    @property
    def lost(self) -> tuple[int, ...]:
        """Requests that did not get an answer: refused, failed, timed out, or never over."""
        return tuple(i for i in range(len(self.sent_s)) if i in self.failed or i not in self.waited_s)

    @property
    def longest_s(self) -> float:
        """The longest that an answered request waited."""
        return max(waited_s for i, waited_s in self.waited_s.items() if i not in self.failed)

    @property
    def recovered_s(self) -> float | None:
        """From the killing until no more than `CALM` wait, after the last time that more did; None if never."""
        if self.open > CALM:
            return None
        crowded = [at_s for at_s, waiting, _lost in self.lag if waiting > CALM and at_s >= self.killed_s]
        return max(crowded, default=self.killed_s) - self.killed_s


def strain(
    deployment: StreamingDeployment, newer: ModelPackage, rows: int, burst: int, stop: Callable[[], None]
) -> Trial:
    """Put a deployment that was prepared with `rows` rows under strain; `stop` raises when the learner has asked to."""
    run = _Run(deployment, rows, stop)
    run.until(lambda: run.now_s >= BURST_S)
    run.send(burst)
    run.until(lambda: run.now_s >= OUTAGE_S)
    run.trial.killed_s = run.now_s
    for pid in deployment.keeper.pids[0]:
        os.kill(pid, signal.SIGKILL)
    run.until(lambda: run.now_s >= PUBLISH_S)
    run.trial.published_s = run.now_s
    deployment.publish(newer)
    run.until(lambda: deployment.served() and run.now_s >= STEADY_S)
    run.trial.served_s = run.now_s - run.trial.published_s
    run.until(lambda: newer.version in run.trial.versions)
    run.drain()
    run.trial.facts = deployment.facts()
    return run.trial


class _Run:
    """Sends requests at the steady rate and keeps what comes back."""

    def __init__(self, deployment: StreamingDeployment, rows: int, stop: Callable[[], None]) -> None:
        self._deployment, self._rows, self._stop = deployment, rows, stop
        self._began_s = time.perf_counter()
        self._steady = 0
        self._sampled_s = -1.0
        self.trial = Trial()

    @property
    def now_s(self) -> float:
        return time.perf_counter() - self._began_s

    def until(self, over: Callable[[], bool]) -> None:
        limit_s = self.now_s + _DRAIN_S
        while not over() and self.now_s < limit_s:
            due = int(self.now_s * RATE_RPS) + 1
            if due > self._steady:
                self.send(due - self._steady)
                self._steady = due
            self._look(0.005)

    def send(self, count: int) -> None:
        sent_s = self.trial.sent_s
        requests = [Request(i, i % self._rows) for i in range(len(sent_s), len(sent_s) + count)]
        sent_s += [self.now_s] * count
        self._deployment.issue(requests, self._done)

    def drain(self) -> None:
        limit_s = self.now_s + _DRAIN_S
        while self.trial.open and self.now_s < limit_s:
            self._look(0.01)
        self._sample()

    def _look(self, wait_s: float) -> None:
        self._deployment.poll(wait_s)
        now_s = self.now_s
        if now_s - self._sampled_s >= _SAMPLE_S:
            self._sampled_s = now_s
            self._sample()
            self._stop()

    def _done(self, answer: Answer) -> None:
        trial = self.trial
        if answer.id in trial.waited_s:
            trial.twice += 1
            return
        trial.waited_s[answer.id] = self.now_s - trial.sent_s[answer.id]
        if answer.status == Status.OK:
            trial.versions[answer.version] += 1
        else:
            trial.failed[answer.id] = answer.status

    def _sample(self) -> None:
        trial = self.trial
        trial.lag.append((self.now_s, trial.open, len(trial.failed)))
