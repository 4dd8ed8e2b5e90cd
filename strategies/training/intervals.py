"""Intervals around scores, by methods that know which rows belong together."""

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_RESAMPLES = 400
_CHUNK = 50


def wilson(hits: float, n: int) -> tuple[float, float]:
    """Interval of a share of `n` independent trials (Wilson 1927); `hits` may be fractional where ties were shared."""
    share = hits / n
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def grouped(values: Floats, groups: NDArray[np.generic] | None) -> Floats:
    """Sums of `values` (rows, …) per group; without groups each row is its own."""
    if groups is None:
        return values
    names, group_of = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, group_of, values)
    return sums


def bootstrap(
    sums: Floats, figures: Callable[[Floats], Mapping[str, Floats]], seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap of figures that are functions of sums over independent units.

    Parameters
    ----------
    sums
        What each unit adds to the sums, (units, sums).
    figures
        The figures of each row of a (resamples, sums) matrix.

    Each unit enters a resample a Poisson(1) number of times, which for many units is resampling with replacement
    (Chamandy et al. 2012) and needs only one matrix product for all figures.
    """
    rng = np.random.default_rng(seed)
    totals = [rng.poisson(1.0, (_CHUNK, len(sums))) @ sums for _ in range(_RESAMPLES // _CHUNK)]
    found = figures(np.concatenate(totals))
    tails = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    return {name: _range(values[np.isfinite(values)], tails) for name, values in found.items()}


def from_influence(value: float, influence: Floats, groups: NDArray[np.generic] | None) -> tuple[float, float]:
    """Interval of an estimate from what each row adds to its error (its influence), clipped to 0…1."""
    half = _Z * float(np.sqrt(np.sum(grouped(influence, groups) ** 2))) / len(influence)
    return max(0.0, value - half), min(1.0, value + half)


def _range(values: Floats, tails: tuple[float, float]) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    low, high = np.quantile(values, tails)
    return float(low), float(high)
