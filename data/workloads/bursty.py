"""Calm and bursts that come and go at random: a Poisson process whose rate switches between two values."""

import math
from typing import Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field, model_validator

from data.workloads._points import check_count, piecewise_points
from data.workloads.contract import Workload

SHORTEST_STAY_S = 0.001


class Bursty(Workload):
    """A Markov-modulated Poisson process of two states (MMPP-2), in its stationary state from the start.

    State i lasts an exponential time of mean mᵢ (so it is left at rate rᵢ = 1/mᵢ), while requests arrive at rate λᵢ.

        mean rate            λ̄ = (λ₁m₁ + λ₂m₂) / (m₁ + m₂)
        index of dispersion  I(t) = 1 + 2 r₁r₂(λ₁ - λ₂)² / ((r₁ + r₂)² (λ₁r₂ + λ₂r₁)) · (1 - (1 - e^{-st}) / st)

    with s = r₁ + r₂. I(t) is the variance of the count in a window of t seconds, over its mean: 1 for a Poisson
    process, and the more above it the burstier the traffic. Source: H. Heffes and D. Lucantoni (1986), A Markov
    modulated characterization of packetized voice and data traffic, IEEE JSAC 4(6), 856-868.
    """

    calm_rps: float = Field(50.0, ge=0, description="Arrival rate λ₁ while calm, in requests per second.")
    burst_rps: float = Field(500.0, gt=0, description="Arrival rate λ₂ in a burst, in requests per second.")
    calm_s: float = Field(4.0, ge=SHORTEST_STAY_S, description="Mean length m₁ of a calm spell, in seconds.")
    burst_s: float = Field(0.5, ge=SHORTEST_STAY_S, description="Mean length m₂ of a burst, in seconds.")

    @model_validator(mode="after")
    def _bursts_are_faster(self) -> Self:
        if self.burst_rps <= self.calm_rps:
            raise ValueError(f"burst_rps = {self.burst_rps:g} must be above calm_rps = {self.calm_rps:g}")
        return self

    @property
    def mean_rate_rps(self) -> float:
        return (self.calm_rps * self.calm_s + self.burst_rps * self.burst_s) / (self.calm_s + self.burst_s)

    def dispersion(self, window_s: float) -> float:
        """Index of dispersion I(t) of the count in a window of t seconds."""
        leave_calm, leave_burst = 1 / self.calm_s, 1 / self.burst_s
        both = leave_calm + leave_burst
        gap = (self.calm_rps - self.burst_rps) ** 2
        rate = self.calm_rps * leave_burst + self.burst_rps * leave_calm  # λ̄ times both
        most = 2 * leave_calm * leave_burst * gap / (both**2 * rate)
        return 1 + most * (1 + math.expm1(-both * window_s) / (both * window_s))

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:
        edges_s, rates_rps = self._spells(rng)
        return piecewise_points(edges_s, rates_rps, rng)

    def _spells(self, rng: Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Edges (spells + 1,) and rates (spells,) of the alternating states, cut off at the duration."""
        means = np.array([self.calm_s, self.burst_s])
        rates = np.array([self.calm_rps, self.burst_rps])
        cycles = self.duration_s / means.sum()
        check_count(2 * cycles)
        first = int(rng.random() < self.burst_s / means.sum())
        stays: list[NDArray[np.float64]] = []
        total_s = 0.0
        while total_s < self.duration_s:  # nearly always once: so many cycles seldom fall short
            chunk = rng.standard_exponential((int(cycles + 4 * math.sqrt(cycles)) + 8, 2)) * np.roll(means, -first)
            stays.append(chunk.ravel())
            total_s += chunk.sum()
        ends_s = np.cumsum(np.concatenate(stays))
        spells = int(np.searchsorted(ends_s, self.duration_s)) + 1
        edges_s = np.concatenate([[0.0], ends_s[: spells - 1], [self.duration_s]])
        return edges_s, rates[(np.arange(spells) + first) % 2]
