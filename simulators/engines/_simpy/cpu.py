"""Cores that all jobs in service in a replica share equally: processor sharing."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from simulators.engines._moments import Rank
from simulators.engines._simpy.books import Account
from simulators.engines._simpy.clock import Clock

_CPU = 2  # field of the unit's account


class Ordered(Protocol):
    """What needs processor time, with its place among moments at the same instant: who, where and draw key."""

    @property
    def order(self) -> tuple[int, int, int]: ...


Work = TypeVar("Work", bound=Ordered)


class Cpu(Generic[Work]):
    """With n jobs in service on c cores each one progresses at rate min(1, c/n).

    All jobs progress alike, so one *virtual time*, which runs at that rate, says when each is done: when it has grown
    by the job's work (Parekh and Gallager, "A generalized processor sharing approach to flow control", 1993).
    """

    def __init__(
        self,
        clock: Clock,
        cores: float,
        account: Account | None,
        done: Callable[[Work], None],
        rank: Rank = Rank.COMPLETE,
    ) -> None:
        self._clock, self._cores, self._account, self._done, self._rank = clock, cores, account, done, rank
        self._jobs: list[tuple[float, tuple[int, int, int], Work]] = []  # (virtual time when it is done, order, job)
        self._virtual = self._since = 0.0
        self._planned: tuple[Work, float] | None = None
        self.used_s = 0.0
        """Processor seconds used so far."""

    def add(self, job: Work, work_s: float) -> None:
        """A service begins that needs this much processor time."""
        self.advance()
        if not self._jobs:
            self._virtual = 0.0
        heappush(self._jobs, (self._virtual + work_s, job.order, job))
        self._changed(1)

    def clear(self) -> None:
        """Everything in service is lost."""
        self.advance()
        lost, self._jobs = len(self._jobs), []
        self._changed(-lost)

    def advance(self) -> None:
        """Let virtual time run until now."""
        passed = self._clock.now - self._since
        self.used_s += passed * self._busy()
        self._virtual += passed * self._rate()
        self._since = self._clock.now

    def _rate(self) -> float:
        return 1.0 if len(self._jobs) <= self._cores else self._cores / len(self._jobs)

    def _busy(self) -> float:
        return min(float(len(self._jobs)), self._cores)

    def _changed(self, by: int) -> None:
        if self._account is not None:
            before = min(float(len(self._jobs) - by), self._cores)
            self._account.change(_CPU, self._busy() - before, self._clock.now)
        if not self._jobs:
            self._planned = None
            return
        finish, order, job = self._jobs[0]
        if self._planned == (job, self._rate()):
            return
        plan = self._planned = (job, self._rate())
        at_s = self._clock.now + max(0.0, finish - self._virtual) / self._rate()
        self._clock.then(self._clock.moment(at_s, self._rank, *order), lambda: self._complete(plan))

    def _complete(self, plan: tuple[Work, float]) -> None:
        if self._planned is not plan:
            return  # another job came or went meanwhile
        self.advance()
        finish, _, job = heappop(self._jobs)
        self._virtual = finish
        self._changed(-1)
        self._done(job)
