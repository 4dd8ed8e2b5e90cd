"""A caller's protection at work: deadline, retries with a budget, circuit breaker."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from simulators.plan import Breaker, Retry


class Budget:
    """A token bucket: every first try puts in `budget` tokens, every retry takes one out."""

    def __init__(self, retry: Retry) -> None:
        self._retry, self._tokens = retry, retry.burst

    def first_try(self) -> None:
        if self._retry.budget is not None:
            self._tokens = min(self._retry.burst, self._tokens + self._retry.budget)

    def allows_retry(self) -> bool:
        if self._retry.budget is None:
            return True
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Circuit(Enum):
    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class CircuitBreaker:
    """Refuses at once while too much went wrong lately."""

    def __init__(self, breaker: Breaker) -> None:
        self._rules = breaker
        self._circuit = Circuit.CLOSED
        self._ends: deque[bool] = deque(maxlen=breaker.window)
        self._until_s = 0.0
        self._admitted = self._good = 0
        self.epoch = 0
        """Goes up with every change of state; tries begun in an earlier one are not counted."""

    def admits(self, now_s: float) -> bool:
        if self._circuit is Circuit.OPEN and now_s >= self._until_s:
            self._turn(Circuit.HALF_OPEN)
        if self._circuit is Circuit.HALF_OPEN:
            self._admitted += 1
            return self._admitted <= self._rules.probes
        return self._circuit is Circuit.CLOSED

    def record(self, epoch: int, good: bool, now_s: float) -> None:
        """A try that was admitted in `epoch` has ended."""
        if epoch != self.epoch:
            return
        if self._circuit is Circuit.HALF_OPEN:
            self._good += good
            if not good:
                self._open(now_s)
            elif self._good == self._rules.probes:
                self._turn(Circuit.CLOSED)
            return
        self._ends.append(good)
        bad = len(self._ends) - sum(self._ends)
        if len(self._ends) == self._rules.window and bad >= self._rules.failure_share * self._rules.window:
            self._open(now_s)

    def _open(self, now_s: float) -> None:
        self._until_s = now_s + self._rules.open_s
        self._turn(Circuit.OPEN)

    def _turn(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self.epoch += 1
        self._ends.clear()
        self._admitted = self._good = 0
