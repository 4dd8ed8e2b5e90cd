"""A metronome: requests at equal distances, the gentlest traffic that a rate allows."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from data.workloads._points import check_count
from data.workloads.contract import Workload


class Constant(Workload):
    """A request every 1/λ seconds, from 0 on. Counts per interval differ by one at most: their dispersion is near 0."""

    rate_rps: float = Field(100.0, gt=0, description="Arrival rate λ, in requests per second.")

    @property
    def mean_rate_rps(self) -> float:
        return self.rate_rps

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:  # noqa: ARG002  nothing here is random
        expected = self.rate_rps * self.duration_s
        check_count(expected)
        at_s: NDArray[np.float64] = np.arange(math.ceil(expected)) / self.rate_rps
        return at_s[at_s < self.duration_s]
