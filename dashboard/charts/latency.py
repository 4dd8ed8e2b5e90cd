"""What the charts of latency share: the latencies themselves, and the axis that shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from data.estimates.percentiles import nearest_rank
from data.scenario import Slo
from data.trace import Trace

Traces = Mapping[str, Trace]
"""A candidate's name to its trace, in the order in which they are drawn."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Latencies of the requests that were answered, and how many there were in all."""

    ms: NDArray[np.float64]
    """Ascending, in milliseconds. (answered,)"""
    n: int
    """Requests that count, answered or not: one that failed is later than any latency."""

    @property
    def failed(self) -> int:
        return self.n - len(self.ms)

    def within(self, share: float) -> float:
        """Milliseconds within which that share of all requests was answered; infinite where it never was."""
        place = (nearest_rank(self.n, share * 100) if share < 1 else self.n) - 1
        return float(self.ms[place]) if 0 <= place < len(self.ms) else float("inf")

    def misses(self, limit_ms: float) -> int:
        """Requests that failed or took longer."""
        return self.n - int(np.searchsorted(self.ms, limit_ms, side="right"))


def answered(trace: Trace) -> Answered:
    """The latencies of a trace's requests after the warm-up, shadow copies left out."""
    counted = trace.counted()
    return Answered(np.sort(counted.latency_s[counted.ok]) * 1_000, len(counted))


def logarithmic(drawn: go.Figure, values: Iterable[float], axis: str = "x") -> None:
    """Make an axis logarithmic and as long as the values need, with few enough ticks for a narrow screen."""
    usable = [value for value in values if 0 < value < np.inf] or [1.0]
    low, high = np.log10(min(usable)), np.log10(max(usable))
    room = max(0.12 * (high - low), 0.1)
    steps = (1, 2, 5) if high - low < 1.5 else (1,)
    ticks = [step * 10.0**power for power in range(int(low) - 2, int(high) + 3) for step in steps]
    {"x": drawn.update_xaxes, "y": drawn.update_yaxes}[axis](
        type="log",
        range=[low - room, high + room],
        tickmode="array",
        tickvals=ticks,
        ticktext=[f"{tick:,.10g}" for tick in ticks],
        showgrid=True,
    )


def ends(found: Iterable["Answered"], slo: Slo | None) -> list[float]:
    """What the axis of latency must reach: the fastest and slowest answers, and the SLO. In ms."""
    reached = [float(a.ms[place]) for a in found for place in (0, -1) if len(a.ms)]
    return [*reached, slo.latency_ms] if slo else reached


def name_of_slo(slo: Slo) -> str:
    return f"SLO: p{slo.percentile:g} ≤ {slo.latency_ms:g} ms"


def milliseconds(value: float) -> str:
    """A latency to three digits: `0.123 ms`, `12.3 ms`, `1,230 ms`; `never` where it is infinite."""
    if not np.isfinite(value):
        return "never"
    digits = max(0, 2 - int(np.floor(np.log10(value)))) if value > 0 else 0
    return f"{value:,.{digits}f} ms"
