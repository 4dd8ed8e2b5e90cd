"""Latencies of a simulated run as counts in narrow buckets: any percentile, however long the run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.estimate import Estimate
from data.estimates.percentiles import interval_ranks, nearest_rank, samples_needed
from simulators.engines import _sketch


@dataclass(frozen=True, slots=True, eq=False)
class LatencySketch:
    """Counts of latencies, exact in number, with values known to ±0.4% (`relative_error`)."""

    counts: NDArray[np.int64]
    """(buckets,)"""

    @property
    def relative_error(self) -> float:
        return _sketch.RELATIVE_ERROR

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    def quantile(self, percent: float) -> float:
        """The value of the nearest rank; NaN where nothing was counted."""
        return _sketch.quantile(self.counts, percent / 100)

    def percentile(self, percent: float) -> Estimate:
        """The percentile in seconds with its distribution-free 95% interval, widened by the buckets' own error.

        The interval treats latencies as independent; neighbours in a queue are not, so over one run it is too narrow at
        high load: replications say how much. Raises `NotEstimable` for too few samples.
        """
        needs = samples_needed(percent)
        if self.n < needs:
            raise NotEstimable(f"p{percent:g}", self.n, needs)
        low, high = interval_ranks(self.n, percent)
        value, least, most = self._at_ranks((nearest_rank(self.n, percent), low, high)).tolist()
        error = self.relative_error
        return Estimate(value, least * (1 - error), most * (1 + error), self.n, "s")

    def ecdf(self, points: int = 2_000) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Latencies, ascending, and the share at or below each: at most `points`. ((k,), (k,))"""
        filled = np.flatnonzero(self.counts)
        if len(filled) > points:
            filled = filled[np.linspace(0, len(filled) - 1, points).astype(np.int64)]
        shares = np.cumsum(self.counts)[filled] / max(self.n, 1)
        return _sketch.middles()[filled], shares

    def share_above(self, limit_s: float) -> float:
        """Share of latencies above a limit; NaN where nothing was counted."""
        if self.n == 0:
            return float("nan")
        return float(self.counts[_sketch.middles() > limit_s].sum()) / self.n

    def _at_ranks(self, ranks: Sequence[int]) -> NDArray[np.float64]:
        return _sketch.middles()[np.searchsorted(np.cumsum(self.counts), ranks)]
