"""The contract of a workload, and the schedule it makes.

The whole schedule exists before the first request is sent: it cannot depend on how the system under test behaves
(except in a closed loop, where only the users' think times and rows are fixed).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

MAX_REQUESTS = 100_000_000
"""The longest schedule that is ever made; a workload that asks for more is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenSchedule:
    """Arrivals that come whether or not the system keeps up."""

    at_s: NDArray[np.float64]
    """Seconds from the start, ascending. (n,)"""
    row: NDArray[np.int64]
    """Index of the row each request carries. (n,)"""
    duration_s: float

    def __len__(self) -> int:
        return len(self.at_s)


@dataclass(frozen=True, slots=True, eq=False)
class ClosedSchedule:
    """Users who wait for their answer, think, and ask again, until `duration_s` is over."""

    think_s: NDArray[np.float64]
    """Seconds that a user thinks before each request. (users, requests)"""
    row: NDArray[np.int64]
    """Index of the row each request carries. (users, requests)"""
    duration_s: float

    @property
    def users(self) -> int:
        return len(self.think_s)


Schedule = OpenSchedule | ClosedSchedule


class Workload(BaseModel, ABC):
    """When requests arrive. One file in data/workloads/ is one kind; its fields are what a scenario may set.

    A kind supplies `arrivals`; a closed loop overrides `schedule` instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    duration_s: float = Field(10.0, gt=0, le=366 * 86_400, description="How long requests keep arriving, in seconds.")

    @abstractmethod
    def arrivals(self, rng: Generator) -> NDArray[np.float64]:
        """Moments of arrival, in seconds from the start, ascending, all in [0, duration_s)."""

    @property
    @abstractmethod
    def mean_rate_rps(self) -> float:
        """Requests per second to be expected over the whole duration."""

    def schedule(self, rows: int, seed: int) -> Schedule:
        """The whole run, fixed beforehand. One random stream for the moments, another for the rows (0 … rows-1)."""
        moments, picks = (default_rng(s) for s in SeedSequence(seed).spawn(2))
        at_s = self.arrivals(moments)
        return OpenSchedule(at_s, picks.integers(0, rows, len(at_s)), self.duration_s)
