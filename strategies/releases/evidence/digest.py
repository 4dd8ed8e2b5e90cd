"""A latency distribution as counts in buckets that grow by a tenth: 0.1 ms to 100 s, relative error at most 10%."""

import math

import numpy as np
from numpy.typing import NDArray

GROWTH = 1.1
_FIRST_S = 1e-4
BUCKETS = 147
"""One below 0.1 ms, 145 between, one beyond the last edge (about 100 s)."""
EDGES_S: NDArray[np.float64] = _FIRST_S * np.power(GROWTH, np.arange(BUCKETS - 1, dtype=np.float64))
"""Upper edge of each bucket but the last. (BUCKETS - 1,)"""
EDGES_S.flags.writeable = False
_SCALE = 1 / math.log(GROWTH)


def bucket_of(latency_s: float) -> int:
    """The bucket that a latency falls into."""
    if latency_s <= _FIRST_S:
        return 0
    return min(math.ceil(math.log(latency_s / _FIRST_S) * _SCALE - 1e-9), BUCKETS - 1)


def digest(latency_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Latencies (n,) as counts. (BUCKETS,)"""
    # Nudged as in `bucket_of`, so that a latency on an edge falls below it.
    return np.bincount(np.searchsorted(EDGES_S * (1 + 1e-10), latency_s), minlength=BUCKETS).astype(np.int64)


def quantile_s(counts: NDArray[np.int64], q: float) -> float:
    """Upper edge of the bucket that holds the q-quantile; NaN without counts."""
    upto = counts.cumsum()
    total = int(upto[-1])
    if not total:
        return math.nan
    index = int(upto.searchsorted(q * total - 1e-9))
    return float(EDGES_S[min(index, BUCKETS - 2)])


def beyond(counts: NDArray[np.int64], latency_s: float) -> int:
    """How many were slower than a limit; those in the limit's own bucket count as within it."""
    return int(counts[bucket_of(latency_s) + 1 :].sum())
