"""Latency of each request at the moment it was due: stalls, warm-up and drift that a distribution hides."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, legend, look
from dashboard.charts.latency import Traces, logarithmic, name_of_slo, of_repetition
from data.scenario import Slo
from data.trace import Trace

_DRAWN = 2_000


def over_time(traces: Traces, slo: Slo | None = None, repetition: int = 0) -> Chart:
    """One dot a request of that repetition; at most 2,000 a candidate, the slowest always among them."""
    found = of_repetition(traces, repetition)
    drawn = figure("Seconds since the run began", "Latency in ms (logarithmic)")
    logarithmic(drawn, _ends(found, slo), "y")
    for place, (name, trace) in enumerate(found.items()):
        picks = _picks(trace)
        own = look(place)
        drawn.add_scattergl(
            x=trace.scheduled_s[picks],
            y=trace.latency_s[picks] * 1_000,
            name=name,
            mode="markers",
            marker={"color": own.colour, "symbol": own.marker, "size": 5, "opacity": 0.7},
            hovertemplate=f"{name}: %{{y:.3g}} ms at %{{x:.2f}} s<extra></extra>",
        )
    legend(drawn)
    if slo is not None:
        guide(drawn, name_of_slo(slo), y=slo.latency_ms)
    return Chart(drawn, " ".join(_said(n, t) for n, t in found.items()), _table(found))


def _ends(traces: Mapping[str, Trace], slo: Slo | None) -> list[float]:
    every = np.concatenate([t.latency_s * 1_000 for t in traces.values()] or [np.array([1.0])])
    every = every[np.isfinite(every) & (every > 0)]
    found = [float(every.min()), float(every.max())] if len(every) else [1.0]
    return [*found, slo.latency_ms] if slo else found


def _picks(trace: Trace) -> np.ndarray:
    usable = np.flatnonzero(np.isfinite(trace.latency_s) & (trace.latency_s > 0))
    if len(usable) <= _DRAWN:
        return usable
    slowest = usable[np.argsort(trace.latency_s[usable])[-_DRAWN // 10 :]]
    even = usable[np.linspace(0, len(usable) - 1, _DRAWN - len(slowest)).astype(int)]
    return np.unique(np.concatenate([even, slowest]))


def _said(name: str, trace: Trace) -> str:
    if not len(trace):
        return f"{name}: no request."
    slow = int(np.argmax(trace.latency_s))
    return (
        f"{name}: {len(trace):,} requests over {trace.scheduled_s[-1]:.1f} s, the slowest took "
        f"{trace.latency_s[slow] * 1_000:,.3g} ms at {trace.scheduled_s[slow]:.1f} s."
    )


def _table(traces: Mapping[str, Trace], parts: int = 10) -> pd.DataFrame:
    """Median and maximum in each tenth of the run."""
    end = max((float(t.scheduled_s[-1]) for t in traces.values() if len(t)), default=0.0)
    edges = np.linspace(0, end, parts + 1)
    table = pd.DataFrame({"from (s)": edges[:-1], "to (s)": edges[1:]})
    for name, trace in traces.items():
        place = np.clip(np.searchsorted(edges, trace.scheduled_s, side="right") - 1, 0, parts - 1)
        groups = pd.Series(trace.latency_s * 1_000).groupby(place)
        table[f"{name} median (ms)"] = groups.median().reindex(range(parts))
        table[f"{name} slowest (ms)"] = groups.max().reindex(range(parts))
    return table
