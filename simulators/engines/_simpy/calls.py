"""Who asks: a request, the calls made on its behalf, and its jobs at the stations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

from data.trace import Status

if TYPE_CHECKING:
    from simulators.engines._simpy.units import Replica
    from simulators.engines._simpy.visits import VisitDraws


@dataclass(slots=True)
class Request:
    """One request of the workload, and what its row will say."""

    number: int
    scheduled_s: float
    batch: int
    """Batch of requests, in order of arrival, that its latency counts in."""
    version: int = 0
    watched: bool = False
    end_s: float = math.nan
    status: Status = Status.OK
    start_s: float = math.inf
    start_step: int = -1
    replica: int = -1
    cold_s: float = math.inf
    """When it first had to wait for an instance to start."""
    attempts: int = 1
    ages: list[tuple[float, float]] = field(default_factory=list)
    """When it was given a precomputed answer, and how old that was."""

    @property
    def ended(self) -> bool:
        return not math.isnan(self.end_s)

    def taken_up(self, now_s: float, step: int, replica: int) -> None:
        """A worker began on it; the first one counts, among several at once the first in the tree."""
        if not self.ended and (now_s, step) < (self.start_s, self.start_step):
            self.start_s, self.start_step, self.replica = now_s, step, replica


@dataclass(slots=True, eq=False)
class Call:
    """One strand of a request's work: the request itself, a try, a branch."""

    request: Request
    key: int
    """Draw key: the request's number, or a further key for a repeated try."""
    parent: Call | None = None
    place: tuple[Replica, int] | None = None
    """The replica it last went to, and which life of it: calls within the process stay there."""
    gone: bool = False
    """Whether nobody waits for it any more."""

    def strand(self, key: int | None = None) -> Call:
        """A strand of its own that this one waits for."""
        return Call(self.request, self.key if key is None else key, self, self.place)

    def abandoned(self) -> bool:
        """Whether it, or anything that waits for it, was given up."""
        call: Call | None = self
        while call is not None:
            if call.gone:
                return True
            call = call.parent
        return False


@dataclass(slots=True, eq=False)
class Job:
    """One visit, as a station sees it."""

    call: Call
    visit: VisitDraws
    served: simpy.Event
    """Succeeds when service is over, or refused, or lost; `status` says which."""
    arrive_s: float = math.nan
    start_s: float = math.nan
    end_s: float = math.nan
    replica: Replica | None = None
    status: Status = Status.OK
    was_served: bool = False
    """Whether a service was completed, well or with an error."""
    holds: bool = False
    """Whether its worker stays occupied after service, for calls made from inside."""
    waiting: bool = False
    lost: bool = False
    """Whether its replica crashed under it."""
    cold: bool = False
    deliveries: int = 1
    extra_delay_s: float = 0.0
    batch: list[Job] = field(default_factory=list)
    """The jobs served together with it, itself first; only the first of a batch has it."""

    @property
    def order(self) -> tuple[int, int, int]:
        """Who, where and key of its moments."""
        return self.call.request.number, self.visit.number, self.call.key
