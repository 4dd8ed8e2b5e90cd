"""Percentiles without keeping every value: counts in buckets of equal relative width.

A bucket spans 1/128 of its power of two, so its middle lies within 0.4% of every value in it: percentiles carry a
relative error of at most `RELATIVE_ERROR` on top of being those of the sample. The same layout as HdrHistogram's.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

RELATIVE_ERROR = 1 / 256
PER_OCTAVE = 128
LOWEST = -29  # 2^-30 s is about a nanosecond
_HIGHEST = 21  # 2^21 s is 24 days
BUCKETS = (_HIGHEST - LOWEST) * PER_OCTAVE


def bucket(value: float) -> int:
    """The bucket of a value; what is out of range goes into the first or last. (Also compiled.)"""
    if value <= 0.0:
        return 0
    mantissa, exponent = math.frexp(value)
    index = (exponent - LOWEST) * PER_OCTAVE + int((mantissa - 0.5) * (2 * PER_OCTAVE))
    return min(max(index, 0), BUCKETS - 1)


@cache
def middles() -> NDArray[np.float64]:
    """The value that each bucket stands for; not to be written to. (buckets,)"""
    index = np.arange(BUCKETS)
    mantissa = 0.5 + (index % PER_OCTAVE + 0.5) / (2 * PER_OCTAVE)
    values = np.ldexp(mantissa, index // PER_OCTAVE + LOWEST)
    values.flags.writeable = False
    return values


def quantile(counts: NDArray[np.integer], share: float) -> float:
    """The value below which `share` of the counted values lie; NaN where nothing was counted."""
    total = int(counts.sum())
    if total == 0:
        return math.nan
    rank = min(max(math.ceil(share * total), 1), total)
    return float(middles()[np.searchsorted(np.cumsum(counts), rank)])
