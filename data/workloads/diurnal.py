"""Day and night: a rate that swings as a sine."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from data.workloads._points import poisson_points
from data.workloads.contract import Workload


class Diurnal(Workload):
    """A Poisson process of rate λ(t) = λ̄ (1 + a·cos(2π(t - t_peak)/P)): exact, by thinning.

    Points of rate λ̄(1 + a) are made and each is kept with probability λ(t) / (λ̄(1 + a)). Source: P. Lewis and
    G. Shedler (1979), Simulation of nonhomogeneous Poisson processes by thinning, Naval Research Logistics 26, 403-413.
    """

    rate_rps: float = Field(100.0, gt=0, description="Mean arrival rate λ̄ over a period, in requests per second.")
    swing: float = Field(0.8, ge=0, le=1, description="How far a, as a share of the mean, the rate rises and falls.")
    period_s: float = Field(86_400.0, gt=0, description="Length P of a day, in seconds; shorten it to see one sooner.")
    peak_s: float = Field(43_200.0, ge=0, description="When in the period the rate is highest, in seconds.")

    @property
    def mean_rate_rps(self) -> float:
        turn = 2 * math.pi / self.period_s
        swept = math.sin(turn * (self.duration_s - self.peak_s)) + math.sin(turn * self.peak_s)
        return self.rate_rps * (1 + self.swing * swept / (turn * self.duration_s))

    def rate_at(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rate λ(t) at each moment, in requests per second. (n,)"""
        return self.rate_rps * (1 + self.swing * np.cos(2 * np.pi / self.period_s * (at_s - self.peak_s)))

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:
        highest = self.rate_rps * (1 + self.swing)
        candidates = poisson_points(highest, self.duration_s, rng)
        return candidates[rng.random(len(candidates)) * highest < self.rate_at(candidates)]
