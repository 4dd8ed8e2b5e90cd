"""Independent users: exponential gaps, the classic model of open traffic."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from data.workloads._points import poisson_points
from data.workloads.contract import Workload


class Poisson(Workload):
    """A Poisson process of constant rate λ; counts per interval have variance equal to their mean."""

    rate_rps: float = Field(100.0, gt=0, description="Mean arrival rate λ, in requests per second.")

    @property
    def mean_rate_rps(self) -> float:
        return self.rate_rps

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:
        return poisson_points(self.rate_rps, self.duration_s, rng)
