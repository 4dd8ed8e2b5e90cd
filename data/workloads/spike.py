"""An advert, a ticket sale, a news story: steady traffic with one sudden surge."""

from typing import Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field, model_validator

from data.workloads._points import piecewise_points
from data.workloads.contract import Workload


class Spike(Workload):
    """A Poisson process of rate λ, and of rate f·λ for a while."""

    rate_rps: float = Field(100.0, gt=0, description="Arrival rate λ outside the spike, in requests per second.")
    factor: float = Field(5.0, ge=0, description="How many times λ arrives during the spike; 0 is an outage upstream.")
    start_s: float = Field(4.0, ge=0, description="When the spike begins, in seconds.")
    length_s: float = Field(2.0, gt=0, description="How long it lasts, in seconds; it is cut off where the run ends.")

    @model_validator(mode="after")
    def _spike_is_in_the_run(self) -> Self:
        if self.start_s >= self.duration_s:
            raise ValueError(f"start_s = {self.start_s:g} must be below duration_s = {self.duration_s:g}")
        return self

    @property
    def mean_rate_rps(self) -> float:
        spiked_s = min(self.length_s, self.duration_s - self.start_s)
        return self.rate_rps * (1 + (self.factor - 1) * spiked_s / self.duration_s)

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:
        end_s = min(self.start_s + self.length_s, self.duration_s)
        edges_s = np.array([0.0, self.start_s, end_s, self.duration_s])
        return piecewise_points(edges_s, self.rate_rps * np.array([1.0, self.factor, 1.0]), rng)
