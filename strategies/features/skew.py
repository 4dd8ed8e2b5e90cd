"""Training/serving skew: how far the features that a model learned from are those that it is asked with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from data.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Skew:
    """One feature's values for the same requests, from both sides."""

    n: int
    differ: int
    """Requests for which the two are not the same; missing on one side only counts."""
    mean_abs: float
    """Mean distance where both are there; NaN where they never are."""


def skew(trained: ArrayLike, served: ArrayLike, tolerance: float = 1e-6) -> Skew:
    """Compare what training used with what was served for the same requests, in the same order. Both are (n,)."""
    one, other = np.asarray(trained, np.float64), np.asarray(served, np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise InvalidValue("served", other.shape, f"must be as many values as trained, {one.shape}", "pair them up")
    absent = np.isnan(one), np.isnan(other)
    both = ~absent[0] & ~absent[1]
    distance = np.abs(one[both] - other[both])
    differ = int((absent[0] != absent[1]).sum() + (distance > tolerance).sum())
    return Skew(len(one), differ, float(distance.mean()) if len(distance) else float("nan"))
