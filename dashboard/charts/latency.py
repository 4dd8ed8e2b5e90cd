"""What the charts of latency share: the latencies themselves, and the axis that shows them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from data.estimates.percentiles import nearest_rank
from data.estimates.summary import latencies_ms
from data.estimates.text import digits
from data.scenario import Slo
from data.trace import Trace

Traces = Mapping[str, Sequence[Trace]]
"""A candidate's name to its traces, one a repetition, in the order in which candidates are drawn."""


@dataclass(frozen=True, slots=True)
class Waited:
    """How long users waited: for an answer, or until they gave up at the deadline."""

    ms: NDArray[np.float64]
    """Ascending, in milliseconds; the figures in tables are made of the same numbers. (waited,)"""
    n: int
    """Requests that count, those refused or failed at once included."""
    answered_ms: NDArray[np.float64]
    """The same without those that timed out. (answered,)"""

    def within(self, share: float) -> float:
        """Milliseconds within which that share of the waits was over; NaN where nobody waited."""
        if not len(self.ms):
            return float("nan")
        return float(self.ms[nearest_rank(len(self.ms), share * 100) - 1] if share < 1 else self.ms[-1])

    def met(self, limit_ms: float) -> float:
        """Share of all requests that were answered within that limit."""
        return int(np.searchsorted(self.answered_ms, limit_ms, side="right")) / max(self.n, 1)


def waited(traces: Sequence[Trace]) -> Waited:
    """The latencies of all repetitions' requests after the warm-up, shadow copies left out."""
    counted = [trace.counted() for trace in traces]
    waits = np.concatenate([latencies_ms(trace) for trace in traces])
    answered = np.concatenate([seen.latency_s[seen.ok] for seen in counted]) * 1e3
    return Waited(np.sort(waits), sum(map(len, counted)), np.sort(answered))


def of_repetition(traces: Traces, repetition: int) -> dict[str, Trace]:
    """That repetition's trace of each candidate that has so many."""
    return {name: found[repetition] for name, found in traces.items() if repetition < len(found)}


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


def ends(found: Iterable[Waited], slo: Slo | None) -> list[float]:
    """What the axis of latency must reach: the shortest and longest waits, and the SLO. In ms."""
    reached = [float(w.ms[place]) for w in found for place in (0, -1) if len(w.ms)]
    return [*reached, slo.latency_ms] if slo else reached


def name_of_slo(slo: Slo) -> str:
    return f"SLO: p{slo.percentile:g} ≤ {slo.latency_ms:g} ms"


def milliseconds(value: float) -> str:
    """A latency to three digits, `0.123 ms` or `1,230 ms`; `nobody waited` for NaN."""
    return f"{digits(value)} ms" if np.isfinite(value) else "nobody waited"
