"""Traffic that really happened, as it was or scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from data.errors import InvalidValue
from data.workloads._points import check_count
from data.workloads.contract import Workload

if TYPE_CHECKING:  # only a replay reads tables: other traffic must not wait a second for pandas
    from data.workloads._traces import ArrivalTrace


class Replay(Workload):
    """The arrivals of a trace: a file of moments, or one of counts per interval (columns `period` and `count`).

    Moments are replayed as they are. Of a count, the arrivals are spread over its interval independently, each uniform,
    which is what a Poisson process does given its count. An interval that the file leaves out has no arrivals.

    With speed v, v seconds of the trace pass in one. With factor f, an arrival becomes ⌊f⌋ arrivals, and one more with
    probability f - ⌊f⌋: for f < 1 a random share of the users, for f > 1 as many more of their kind, between this
    arrival and the next or anywhere in their interval. With f = 1 the trace is reproduced exactly.
    """

    source: str = Field(
        "flights",
        min_length=1,
        description="A shipped or stored trace (flights: departures from New York in 2013), or the path of a CSV or "
        "Parquet file.",
    )
    column: str = Field("", description="Column that holds the moments; empty takes the first.")
    factor: float = Field(1.0, gt=0, le=1e6, description="Arrivals for each arrival in the trace.")
    speed: float = Field(
        8_640.0, gt=0, description="Seconds of the trace that pass in one second; 8,640 is a day in ten."
    )
    start_s: float = Field(0.0, ge=0, description="Where in the trace to begin, in its own seconds.")

    @property
    def mean_rate_rps(self) -> float:
        trace = self._trace()
        begin, end = self._window()
        if trace.exact:
            share = ((trace.start_s >= begin) & (trace.start_s < end)).astype(np.float64)
        else:  # of an interval that the window's edge cuts, the part inside counts
            overlap_s = np.minimum(trace.start_s + trace.width_s, end) - np.maximum(trace.start_s, begin)
            share = np.clip(overlap_s / trace.width_s, 0.0, 1.0)
        return float(self.factor * (trace.count * share).sum() / self.duration_s)

    def arrivals(self, rng: Generator) -> NDArray[np.float64]:
        check_count(self.mean_rate_rps * self.duration_s)
        trace = self._trace()
        begin, end = self._window()
        met = (trace.start_s < end) & ((trace.start_s >= begin) | (trace.start_s + trace.width_s > begin))
        whole, part = divmod(self.factor, 1.0)
        copies = trace.count[met] * int(whole) + rng.binomial(trace.count[met], part)
        low = (trace.start_s[met] - begin) / self.speed
        high = (trace.start_s[met] + trace.width_s[met] - begin) / self.speed
        at_s = _spread(low, high, copies, trace.exact, rng)
        return at_s[np.searchsorted(at_s, 0.0) : np.searchsorted(at_s, self.duration_s)]

    def _window(self) -> tuple[float, float]:
        return self.start_s, self.start_s + self.duration_s * self.speed

    def _trace(self) -> ArrivalTrace:
        from data.workloads._traces import load_trace

        trace = load_trace(self.source, self.column)
        if self._window()[1] > trace.length_s * (1 + 1e-9):
            longest_s = max(trace.length_s - self.start_s, 0.0) / self.speed
            raise InvalidValue(
                "duration_s",
                self.duration_s,
                f"must not exceed {longest_s:g}, where the trace ends at this speed",
                "lower duration_s, start_s or speed",
            )
        return trace


def _spread(
    low: NDArray[np.float64], high: NDArray[np.float64], copies: NDArray[np.int64], exact: bool, rng: Generator
) -> NDArray[np.float64]:
    """`copies[i]` ascending points on [low[i], high[i]); where `exact`, the first of them is at low[i]."""
    share = rng.random(int(copies.sum()))
    if exact:
        share[(np.cumsum(copies) - copies)[copies > 0]] = 0.0
    points: NDArray[np.float64] = np.repeat(low, copies)
    points += share * np.repeat(high - low, copies)
    np.minimum(points, np.repeat(np.maximum(np.nextafter(high, low), low), copies), out=points)
    points.sort()
    return points
