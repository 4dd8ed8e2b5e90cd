"""Means: of a run's values, which depend on their neighbours, and of a few repetitions' totals, which do not."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.estimate import Estimate
from data.estimates.resampling import BLOCKS, Resamples, interval


def mean(values: NDArray[np.float64], resamples: Resamples, *, unit: str = "ms", name: str = "mean") -> Estimate:
    """Mean of one or several runs' values in order of time, with its bootstrap interval. `values` are (n,).

    Raises `NotEstimable` for fewer values than there are blocks.
    """
    if len(values) < BLOCKS:
        raise NotEstimable(name, len(values), BLOCKS)
    low, high = interval(resamples.ratios(values))
    return Estimate(float(np.mean(values)), low, high, len(values), unit)


def mean_of_runs(totals: Sequence[float], unit: str, *, name: str, confidence: float = 0.95) -> Estimate:
    """Mean of what each repetition measured once (processor time, memory), with Student's interval between repetitions.

    Such totals are never negative, so the interval ends at 0 where Student's goes on below it.

    Raises `NotEstimable` for fewer than two repetitions: one total says nothing about how much totals differ.
    """
    n = len(totals)
    if n < 2:
        raise NotEstimable(name, n, 2)
    from scipy.special import stdtrit

    middle = float(np.mean(totals))
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * float(np.std(totals, ddof=1)) / math.sqrt(n)
    return Estimate(middle, max(0.0, middle - half), middle + half, n, unit, confidence)
