"""Which request is due next: from a fixed schedule, or from users who wait for their answers."""

import heapq
import math
from abc import ABC, abstractmethod
from itertools import groupby
from typing import ClassVar

import numpy as np

from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule
from strategies.contract import Request

LARGEST_GROUP = 1_000
"""Requests issued in one call at most, so that an all-at-once schedule still lets answers in and can be cancelled."""
_ROOM = 65_536  # a closed loop plans for far more requests than it usually sends


class Arrivals(ABC):
    """Requests in order of their scheduled moments, numbered from 0 as they are taken."""

    @abstractmethod
    def next_s(self) -> float:
        """Scheduled moment of the next request; infinity while none is known."""

    @abstractmethod
    def take(self) -> tuple[Request, ...]:
        """The next request, together with others scheduled for exactly the same moment."""

    @abstractmethod
    def answered(self, request_id: int, end_s: float) -> None:
        """A request is over, whatever became of it; a user who waited for it goes on."""

    @abstractmethod
    def stop(self) -> None:
        """Nothing more is to come."""

    is_fixed: ClassVar[bool]
    """Whether all requests come whatever happens to earlier ones."""

    @property
    @abstractmethod
    def expected(self) -> int:
        """How many requests to make room for; a closed loop may send more."""

    @staticmethod
    def of(schedule: Schedule) -> "Arrivals":
        return OpenArrivals(schedule) if isinstance(schedule, OpenSchedule) else ClosedArrivals(schedule)


class OpenArrivals(Arrivals):
    """Every request at its moment, whether or not the system keeps up."""

    is_fixed = True

    def __init__(self, schedule: OpenSchedule) -> None:
        # All objects exist before the first moment: making them during the run would delay it.
        self._expected = len(schedule)
        requests = [Request(i, row) for i, row in enumerate(schedule.row.tolist())]
        self._moments: list[float] = []
        self._groups: list[tuple[Request, ...]] = []
        for at_s, group in groupby(zip(schedule.at_s.tolist(), requests, strict=True), key=lambda pair: pair[0]):
            together = [request for _, request in group]
            for first in range(0, len(together), LARGEST_GROUP):
                self._moments.append(at_s)
                self._groups.append(tuple(together[first : first + LARGEST_GROUP]))
        self._moments.append(math.inf)
        self._next = 0

    def next_s(self) -> float:
        return self._moments[self._next]

    def take(self) -> tuple[Request, ...]:
        group = self._groups[self._next]
        self._next += 1
        return group

    def answered(self, request_id: int, end_s: float) -> None:  # noqa: ARG002
        return  # arrivals do not depend on answers: that is what makes the loop open

    def stop(self) -> None:
        self._next = len(self._moments) - 1

    @property
    def expected(self) -> int:
        return self._expected


class ClosedArrivals(Arrivals):
    """N users: each thinks, asks, waits for the answer and thinks again, until the duration is over.

    A user who uses up the planned think times starts over with the first, so that the load never dries up early.
    """

    is_fixed = False

    def __init__(self, schedule: ClosedSchedule) -> None:
        self._think_s: list[list[float]] = schedule.think_s.tolist()  # (users, requests)
        self._row: list[list[int]] = schedule.row.tolist()  # (users, requests)
        self._duration_s = schedule.duration_s
        self._asked = [0] * schedule.users
        self._user_of: dict[int, int] = {}
        self._taken = 0
        self._expected = min(int(np.size(schedule.row)), _ROOM)
        self._due: list[tuple[float, int]] = []
        for user in range(schedule.users):
            self._think(user, 0.0)

    def next_s(self) -> float:
        return self._due[0][0] if self._due else math.inf

    def take(self) -> tuple[Request, ...]:
        _, user = heapq.heappop(self._due)
        rows = self._row[user]
        request = Request(self._taken, rows[self._asked[user] % len(rows)])
        self._asked[user] += 1
        self._user_of[request.id] = user
        self._taken += 1
        return (request,)

    def answered(self, request_id: int, end_s: float) -> None:
        self._think(self._user_of.pop(request_id), end_s)

    def stop(self) -> None:
        self._duration_s = -math.inf
        self._due.clear()

    @property
    def expected(self) -> int:
        return self._expected

    def _think(self, user: int, from_s: float) -> None:
        thinks = self._think_s[user]
        at_s = from_s + thinks[self._asked[user] % len(thinks)]
        if at_s < self._duration_s:
            heapq.heappush(self._due, (at_s, user))
