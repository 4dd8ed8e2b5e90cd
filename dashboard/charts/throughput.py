"""Requests answered per second against those that were due."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts.chart import GUIDE, Chart, figure, legend, line, look
from dashboard.charts.latency import Traces, of_repetition
from data.trace import Trace


def throughput(traces: Traces, repetition: int = 0, interval_s: float = 1.0) -> Chart:
    """Answers per second in each interval of that repetition, a line a candidate; the requests due are grey."""
    found = of_repetition(traces, repetition)
    drawn = figure("Seconds since the run began", "Requests per second")
    end = max((float(t.scheduled_s[-1]) for t in found.values() if len(t)), default=interval_s)
    edges = np.arange(0, end + interval_s, interval_s)
    middle = (edges[:-1] + edges[1:]) / 2
    table = pd.DataFrame({"from (s)": edges[:-1]})
    if found:
        due = _per_second(next(iter(found.values())).scheduled_s, edges)
        table["due (per s)"] = due
        drawn.add_scatter(x=middle, y=due, name="due", mode="lines", line={"color": GUIDE, "width": 6}, opacity=0.5)
    for place, (name, trace) in enumerate(found.items()):
        rate = _per_second(trace.end_s[trace.ok], edges)
        table[f"{name} (per s)"] = rate
        hover = f"{name}: %{{y:.0f}} per s at %{{x:.1f}} s<extra></extra>"
        drawn.add_trace(line(look(place), name, middle, rate, hovertemplate=hover))
    legend(drawn)
    drawn.update_yaxes(rangemode="tozero")
    return Chart(drawn, " ".join(_said(n, t) for n, t in found.items()), table)


def _per_second(moments: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.histogram(moments, edges)[0] / np.diff(edges)


def _said(name: str, trace: Trace) -> str:
    span = float(trace.end_s.max()) if len(trace) else 0.0
    rate = trace.ok.sum() / span if span else 0.0
    return (
        f"{name}: {int(trace.ok.sum()):,} of {len(trace):,} requests answered in {span:.1f} s, {rate:,.0f} per second."
    )
