"""Intervals for what a run's neighbouring requests share: a moving-block bootstrap, hierarchical over repetitions.

Latencies are autocorrelated (a queue that is long now is long in a moment), so resampling single requests would make
intervals too narrow. Whole blocks of neighbours are drawn instead (H. R. Künsch 1989, The jackknife and the bootstrap
for general stationary observations); with several repetitions, whole repetitions are drawn first and blocks within
them after (A. C. Davison and D. V. Hinkley 1997, Bootstrap Methods and their Application, section 3.8).

A resample is only how often each block was drawn. Sums over blocks are made once, and a matrix product gives them for
all resamples: `weights @ sums`.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

BLOCKS = 30
"""A run is cut into so many blocks; dependence longer than a thirtieth of a run is not seen."""
_STEPS = 8  # block starts per block length: as good as every start, at a fraction of the work
_FINE = 2_048  # bins of equal probability in which values are sorted for percentiles
_TAIL_RATIO = 1.01  # and bins towards the largest values, each holding this much more than the next


class Resamples:
    """Resamples of one or several runs of the same length scale.

    Parameters
    ----------
    lengths
        Number of values in each run; values are given to the methods run after run, in order of time.
    draws
        How many resamples.
    blocks
        Number of blocks per run; as many as there are values resamples single values.
    """

    def __init__(self, lengths: Sequence[int], *, draws: int = 1_000, seed: int = 0, blocks: int = BLOCKS) -> None:
        self._lengths = [n for n in lengths if n]
        self._draws, self._seed, self._blocks = draws, seed, blocks
        self.n = sum(self._lengths)

    @cached_property
    def _bounds(self) -> list[tuple[NDArray[np.int64], int]]:
        """Of each run: where its blocks start among all values, and how long they are."""
        bounds, offset = [], 0
        for n in self._lengths:
            length = math.ceil(n / self._blocks)
            starts = np.arange(0, n - length + 1, max(1, length // _STEPS))
            bounds.append((offset + starts, length))
            offset += n
        return bounds

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        """How often each resample draws each block. (draws, all blocks)"""
        rng, runs = np.random.default_rng(self._seed), len(self._lengths)
        picked = rng.multinomial(runs, np.full(runs, 1 / runs), self._draws)  # (draws, runs)
        parts = []
        for run, (starts, length) in enumerate(self._bounds):
            wanted = picked[:, run] * max(1, round(self._lengths[run] / length))
            parts.append(rng.multinomial(wanted, np.full(len(starts), 1 / len(starts))))
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return np.concatenate([total[starts + length] - total[starts] for starts, length in self._bounds])

    def ratios(self, above: NDArray[np.float64], below: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Sum of `above` over sum of `below` (their number, unless given) in every resample. (draws,)"""
        under = np.ones(self.n) if below is None else below
        ratio: NDArray[np.float64] = (self._weights @ self._sums(above)) / (self._weights @ self._sums(under))
        return ratio

    def percentiles(self, values: NDArray[np.float64], percents: Sequence[float]) -> NDArray[np.float64]:
        """Percentiles of every resample, to within a bin. (draws, percents)"""
        edges = _edges(values)
        bins = np.searchsorted(edges, values)  # the first edge that is not below the value
        blocks = []
        for starts, length in self._bounds:
            counts = [np.bincount(bins[start : start + length], minlength=len(edges)) for start in starts]
            blocks.append(np.array(counts, np.float32))
        below = np.cumsum(self._weights @ np.concatenate(blocks), axis=1, dtype=np.float64)  # (draws, bins)
        found = [edges[np.argmax(below >= p / 100 * below[:, -1:] - 1e-6, axis=1)] for p in percents]
        return np.stack(found, axis=1)


def interval(resampled: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float]:
    """The percentile interval: what the middle `confidence` of all resamples span."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(resampled, [tail, 1 - tail])
    return float(low), float(high)


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upper edges of the bins: sample values, all of them where they are few, and close together in the upper tail."""
    ordered, n = np.sort(values), len(values)
    if n <= _FINE:
        return np.unique(ordered)
    tail = n - np.unique(np.geomspace(1, n, math.ceil(math.log(n) / math.log(_TAIL_RATIO))).astype(np.int64))
    ranks = np.union1d(np.linspace(0, n - 1, _FINE).astype(np.int64), tail)
    return np.unique(ordered[ranks])
