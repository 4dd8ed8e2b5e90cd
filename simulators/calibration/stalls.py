"""Stalls: now and then the machine does something else, and whoever serves, or is about to, stands still.

They come at a rate per second of the clock, whoever is served. So a service of S seconds is hit by ν · S of them, which
take their whole length; and a request that finds the server idle for g seconds may find it stalled, by a stall that
began within these g seconds and goes on for what is left of it. A share of the *requests* that is held up, the same at
every load, would be too few at low load and too many at high load.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LONGEST_S = 5.0
_Z = stats.norm.ppf((np.arange(64) + 0.5) / 64)


@dataclass(frozen=True, slots=True)
class Stalls:
    """Poisson in time; their lengths are lognormal."""

    rate_hz: float
    """How often one begins, ν."""
    median_s: float
    sigma: float
    """Of the logarithm of their length."""

    @property
    def lengths_s(self) -> NDArray[np.float64]:
        """Lengths that are equally likely, ascending. (64,)"""
        made: NDArray[np.float64] = np.minimum(self.median_s * np.exp(self.sigma * _Z), LONGEST_S)
        return made

    def in_service(self, service_s: float, count: int) -> NDArray[np.float64]:
        """What a service that long is held up by, at even quantiles, ascending: mostly 0. (count,)"""
        hit = min(self.rate_hz * service_s, 1.0)
        beyond = 1.0 - (np.arange(count) + 0.5) / count
        held_s = np.zeros(count)
        struck = beyond < hit
        z = stats.norm.isf(beyond[struck] / hit)
        held_s[struck] = np.minimum(self.median_s * np.exp(self.sigma * z), LONGEST_S)
        return held_s

    def left_over(self, idle_s: float, count: int) -> NDArray[np.float64]:
        """What is left of a stall that began while the server was idle so long, likewise. (count,)

        Of a stall of length D that did, the age at the arrival is even between 0 and min(D, g), so that more than r is
        left with probability ν · E[min(min(D, g), D - r)].
        """
        lengths_s = self.lengths_s
        ages_s = np.minimum(lengths_s, idle_s)
        left_s = np.concatenate([[0.0], np.geomspace(lengths_s[0] / 100, lengths_s[-1], 200)])
        more = np.clip(lengths_s - left_s[:, None], 0.0, ages_s).mean(axis=1) * self.rate_hz  # (left, lengths)
        beyond = 1.0 - (np.arange(count) + 0.5) / count
        found: NDArray[np.float64] = np.interp(beyond, more[::-1], left_s[::-1], right=0.0)
        return found
