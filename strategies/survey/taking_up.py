"""Publishing a new model while requests go on, and watching when it answers and what became of the requests."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from data.errors import Cancelled, InvalidValue
from data.trace import Status
from strategies.contract import Answer, Deployment, Request
from strategies.packaging.package import ModelPackage
from strategies.training.watch import CancelCheck, never

RATE_RPS = 50.0
BEFORE_S, AFTER_S = 0.5, 0.5
_CHECK_S = 0.1


@dataclass(frozen=True, slots=True)
class TakingUp:
    """How a running deployment took a new model up. Seconds count from the moment at which it was published."""

    version: str
    sent: int
    """Requests sent before, during and after."""
    dropped: int
    """Those that were not answered."""
    done_s: float
    """Until every replica serves it, as far as the deployment says."""
    first_new_s: float
    """Until the first answer by the new version."""
    last_old_s: float | None
    """Until the last answer by the old version; None where none came after publishing."""
    rate_rps: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "TakingUp":
        return cls(**value)


def take_up(
    deployment: Deployment,
    model: ModelPackage,
    rows: int,
    *,
    timeout_s: float,
    rate_rps: float = RATE_RPS,
    within_s: float = 60.0,
    cancelled: CancelCheck = never,
) -> TakingUp:
    """Send requests at a steady rate, publish `model` among them, and go on until it has answered.

    Parameters
    ----------
    deployment
        One that can take a model up while it runs, prepared with `rows` rows, which requests carry in turn.
    timeout_s
        How long to wait for the last answers before they count as dropped.
    within_s
        How long the new version may take to answer.

    Raises
    ------
    InvalidValue
        The new version did not answer within `within_s`.
    Cancelled
        `cancelled` said yes.
    """
    watch = _Watch(deployment, rows, rate_rps, cancelled)
    watch.send_until(lambda: watch.passed_s >= BEFORE_S)
    published_s, update = time.perf_counter(), _begin(deployment, model)
    done: list[float] = []

    def settled() -> bool:
        if not done and update():
            done.append(time.perf_counter())
        first = watch.first.get(model.version)
        now_s = time.perf_counter()
        if now_s - published_s > within_s:
            raise InvalidValue("version", model.version, f"gave no answer within {within_s:g} s", "look at the log")
        return bool(done) and first is not None and now_s >= max(first, done[0]) + AFTER_S

    watch.send_until(settled)
    watch.drain(timeout_s)
    old = [at_s for version, at_s in watch.last.items() if version != model.version and at_s >= published_s]
    return TakingUp(
        version=model.version,
        sent=watch.sent,
        dropped=watch.sent - watch.answered,
        done_s=done[0] - published_s,
        first_new_s=watch.first[model.version] - published_s,
        last_old_s=max(old) - published_s if old else None,
        rate_rps=rate_rps,
    )


def ask(
    deployment: Deployment,
    rows: int,
    *,
    timeout_s: float,
    rate_rps: float = RATE_RPS,
    for_s: float = 2 * BEFORE_S,
    cancelled: CancelCheck = never,
) -> int:
    """Send requests at a steady rate for a while, and wait for their answers; how many were answered."""
    watch = _Watch(deployment, rows, rate_rps, cancelled)
    watch.send_until(lambda: watch.passed_s >= for_s)
    watch.drain(timeout_s)
    return watch.answered


@dataclass(slots=True)
class _Watch:
    """Sends requests, and remembers when each version answered first and last."""

    deployment: Deployment
    rows: int
    rate_rps: float
    cancelled: CancelCheck
    sent: int = 0
    answered: int = 0
    open: int = 0
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    began_s: float = field(default_factory=time.perf_counter)
    checked_s: float = 0.0

    @property
    def passed_s(self) -> float:
        return time.perf_counter() - self.began_s

    def send_until(self, over: Callable[[], bool]) -> None:
        while not over():
            self._check()
            due = int(self.passed_s * self.rate_rps) + 1
            if requests := [Request(i, i % self.rows) for i in range(self.sent, due)]:
                self.sent, self.open = due, self.open + len(requests)
                self.deployment.issue(requests, self._done)
                self.deployment.flush()
            self.deployment.poll(min(0.5 / self.rate_rps, 0.01))

    def drain(self, timeout_s: float) -> None:
        until_s = time.perf_counter() + timeout_s
        while self.open and time.perf_counter() < until_s:
            self._check()
            self.deployment.poll(0.01)

    def _done(self, answer: Answer) -> None:
        now_s = time.perf_counter()
        self.open -= 1
        if answer.status == Status.OK:
            self.answered += 1
            self.first.setdefault(answer.version, now_s)
            self.last[answer.version] = now_s

    def _check(self) -> None:
        if time.perf_counter() - self.checked_s >= _CHECK_S:
            self.checked_s = time.perf_counter()
            if self.cancelled():
                raise Cancelled("Publishing was cancelled.")


def _begin(deployment: Deployment, model: ModelPackage) -> Callable[[], bool]:
    """Begin to ship a version without holding requests up; the function returned tells whether that is done."""
    from strategies.streams.deployment import StreamingDeployment

    if isinstance(deployment, StreamingDeployment):
        deployment.publish(model)
        return deployment.served
    failed: list[Exception] = []

    def ship() -> None:
        try:
            deployment.update(model)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=ship, name="ship a version", daemon=True)
    thread.start()

    def over() -> bool:
        if failed:
            raise failed[0]
        return not thread.is_alive()

    return over
