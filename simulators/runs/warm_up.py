"""Where the warm-up of a run ends, and how well its mean is known after that: from means of consecutive batches."""

import math

import numpy as np
from numpy.typing import NDArray

from data.estimate import Estimate

FEWEST_BATCHES = 20
"""Fewer say nothing about a warm-up or an interval."""
_GROUPS = 20


def mser(means: NDArray[np.float64]) -> int:
    """How many batches to cut off the beginning, by MSER-5.

    It minimises Σ(x_i - x̄)² / (n - d)² over the number d of batches cut, x̄ the mean of the n - d that are left: what
    the mean of the rest is least sure of. Returns -1 when that lies in the second half: then there is no steady state
    to be seen. Source: K. P. White (1997), "An effective truncation heuristic for bias reduction in simulation output",
    Simulation 69; W. Franklin and K. P. White (2008), "Stationarity tests and MSER-5", WSC.
    """
    n = len(means)
    if n < FEWEST_BATCHES:
        return 0
    left = np.arange(n, 0, -1, dtype=np.float64)  # batches left after cutting 0, 1, 2, …
    centred = means - means.mean()
    total = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum((centred * centred)[::-1])[::-1]
    score = (squares - total * total / left) / (left * left)
    best = int(np.argmin(score[: n - 5]))  # the last few always vary little, having hardly any company
    return best if best <= n // 2 else -1


def mean_of_batches(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> Estimate | None:
    """The mean with its interval, from twenty groups of batches in order of time (batch means).

    None for fewer than `FEWEST_BATCHES` batches with requests. Source: A. M. Law, "Simulation Modeling and Analysis",
    section 9.5.3.
    """
    from scipy.special import stdtrit

    if np.count_nonzero(counts) < FEWEST_BATCHES:
        return None
    edges = np.linspace(0, len(counts), _GROUPS + 1).astype(np.int64)[:-1]
    group_counts = np.add.reduceat(counts, edges)
    group_sums = np.add.reduceat(sums, edges)
    n = int(group_counts.sum())
    value = float(group_sums.sum()) / n
    filled = group_counts > 0
    means = group_sums[filled] / group_counts[filled]
    half = float(stdtrit(len(means) - 1, 0.975)) * float(np.std(means, ddof=1)) / math.sqrt(len(means))
    return Estimate(value, value - half, value + half, n, "s")


def batches_needed(estimate: Estimate, precision: float) -> int:
    """How many requests would bring the interval down to ± `precision` of the value, at this spread."""
    half = (estimate.high - estimate.low) / 2
    return math.ceil(estimate.n * (half / (precision * abs(estimate.value))) ** 2)
