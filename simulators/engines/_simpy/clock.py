"""SimPy's environment, with moments whose order at one instant is part of the model."""

from collections.abc import Callable, Generator
from heapq import heappush
from typing import Any

import simpy

from simulators.engines._moments import Rank, order

Steps = Generator[simpy.Event, Any, Any]


class Clock(simpy.Environment):
    """An environment in which events at the same instant are processed as `_moments` says.

    SimPy's own bookkeeping (a process begins, an event succeeds) has priorities 0 and 1 and so comes before any
    moment: all that follows from one moment has happened when the next is processed.
    """

    def moment(self, at_s: float, rank: Rank, who: int, where: int = 0, key: int = 0) -> simpy.Event:
        """An event at an absolute time, to be waited for."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        priority: Any = 2 + (order(rank, who, where) << 64 | key)
        heappush(self._queue, (at_s, priority, next(self._eid), event))
        return event

    def then(self, moment: simpy.Event, action: Callable[[], None]) -> None:
        """Do something when the moment comes, without a process that waits for it."""
        moment.callbacks.append(lambda _event: action())
