"""Percentiles with an interval that assumes nothing about the distribution.

With n independent samples the number of those at most as large as the true q-quantile is binomial, B ~ Bin(n, q), so
[X₍l₎, X₍u₎] covers it with probability P(l ≤ B < u), whatever the distribution. l is the largest and u the smallest
rank that leave at most (1 - confidence)/2 on either side (W. J. Conover, Practical Nonparametric Statistics, 3rd ed.,
section 3.2). For the sample's few largest values no such u exists: the percentile is then not estimable.
"""

import math

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue, NotEstimable
from data.estimate import Estimate


def percentile(
    samples: NDArray[np.float64], percent: float, *, unit: str = "ms", confidence: float = 0.95, name: str = ""
) -> Estimate:
    """The smallest sample that `percent` % of all are not above (an observed value), and its interval.

    Parameters
    ----------
    samples
        Independent draws, in any order. (n,)
    percent
        Above 0 and below 100, such as 99.

    Raises
    ------
    NotEstimable
        There are fewer than `samples_needed(percent)` samples.

    >>> percentile(np.arange(1.0, 1001.0), 99)
    Estimate(value=990.0, low=983.0, high=997.0, n=1000, unit='ms', confidence=0.95)
    """
    n, needs = len(samples), samples_needed(percent, confidence)
    if n < needs:
        raise NotEstimable(name or f"p{percent:g}", n, needs)
    low, high = interval_ranks(n, percent, confidence)
    rank = nearest_rank(n, percent)
    wanted = np.array([low, rank, high]) - 1
    ordered = np.partition(samples, wanted)
    value_low, value, value_high = (float(v) for v in ordered[wanted])
    return Estimate(value, value_low, value_high, n, unit, confidence)


def samples_needed(percent: float, confidence: float = 0.95) -> int:
    """How many samples a two-sided interval takes: the smallest n with max(q, 1 - q)ⁿ ≤ (1 - confidence)/2.

    >>> [samples_needed(p) for p in (95, 99, 99.9)]
    [72, 368, 3688]
    """
    q = _checked(percent)
    return math.ceil(math.log((1 - confidence) / 2) / math.log(max(q, 1 - q)))


def nearest_rank(n: int, percent: float) -> int:
    """Rank, from 1, of the sample that is the percentile."""
    # 0.95 × 100 is a little more than 95 in binary; the next rank up would be wrong by one.
    return min(max(math.ceil(round(n * _checked(percent), 9)), 1), n)


def interval_ranks(n: int, percent: float, confidence: float = 0.95) -> tuple[int, int]:
    """Ranks l and u, from 1, of the samples that bound the interval; n must be at least `samples_needed`."""
    from scipy.special import bdtr, bdtrc

    q, tail = _checked(percent), (1 - confidence) / 2
    spread = 5 * math.sqrt(n * q * (1 - q)) + 5
    ranks = np.arange(max(1, math.floor(n * q - spread)), min(n, math.ceil(n * q + spread)) + 1)
    below = bdtr(ranks - 1, n, q)  # P(B ≤ l - 1): the l-th smallest lies above the quantile
    above = bdtrc(ranks - 1, n, q)  # P(B ≥ u): the u-th smallest lies at or below it
    return int(ranks[below <= tail].max()), int(ranks[above <= tail].min())


def _checked(percent: float) -> float:
    if not 0 < percent < 100:
        raise InvalidValue("percent", percent, "must lie between 0 and 100", "ask for 99 to get the 99th percentile")
    return percent / 100
