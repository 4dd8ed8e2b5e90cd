"""N users who wait for their answer before they ask again: load that slows down with the system."""

import math
from typing import Literal

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray
from pydantic import Field

from data.errors import InvalidValue
from data.workloads.contract import ClosedSchedule, Workload

MAX_PLANNED = 2_000_000
"""Think times that are planned for all users together."""


class ClosedLoop(Workload):
    """N users who think for a time of mean Z, ask, wait for the answer, and think again.

    With R the mean response time, throughput is X = N / (R + Z), so it can never exceed N / Z: a stalled system is
    asked less, which hides its stall. Source: the interactive response time law, E. Lazowska et al. (1984),
    Quantitative System Performance, section 3.4.

    So many think times are planned for each user that answers would have to come in no time to use them up; where that
    would be too many, a user who has used them up begins again with the first.
    """

    users: int = Field(10, ge=1, le=100_000, description="Number N of users.")
    think_s: float = Field(0.1, ge=0, description="Mean time Z that a user thinks before asking, in seconds.")
    think: Literal["exponential", "constant", "uniform"] = Field(
        "exponential", description="Law of the think time; uniform is between 0 and twice the mean."
    )

    @property
    def mean_rate_rps(self) -> float:
        """The most that can be expected, N / Z: what arrives when answers take no time; infinite without thinking."""
        return self.users / self.think_s if self.think_s else math.inf

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:  # noqa: ARG002
        raise InvalidValue(
            "workload", "closed_loop", "has no arrivals known beforehand", "use its schedule of think times"
        )

    def schedule(self, rows: int, seed: int) -> ClosedSchedule:
        thoughts, picks = (default_rng(s) for s in SeedSequence(seed).spawn(2))
        shape = self.users, self._requests_each()
        return ClosedSchedule(self._thinks(shape, thoughts), picks.integers(0, rows, shape), self.duration_s)

    def _requests_each(self) -> int:
        most = max(MAX_PLANNED // self.users, 1)
        if self.think_s == 0:
            return min(1_000, most)
        expected = self.duration_s / self.think_s
        return int(min(expected + 6 * math.sqrt(expected) + 10, most))

    def _thinks(self, shape: tuple[int, int], rng: Generator) -> NDArray[np.float64]:
        if self.think == "constant":
            return np.full(shape, self.think_s)
        if self.think == "uniform":
            return rng.uniform(0.0, 2 * self.think_s, shape)
        return rng.exponential(self.think_s, shape)
