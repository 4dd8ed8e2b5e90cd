"""Latency against how rare it is: each step right is a tenth as many requests."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, label, line, look
from dashboard.charts.latency import Traces, Waited, ends, logarithmic, milliseconds, name_of_slo, waited
from data.estimates import curves
from data.scenario import Slo

_TICKS = {1 / (1 - p / 100): f"{p:g}%" for p in (0, 50, 90, 99, 99.9, 99.99, 99.999)}

_SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)


def tail(traces: Traces, slo: Slo | None = None) -> Chart:
    """Latency by percentile p on the axis 1/(1-p); the curve ends at the rarest request seen, one in n."""
    drawn = figure("Percentile, spaced as 1/(1−p)", "Latency in ms (logarithmic)")
    found = {name: waited(repetitions) for name, repetitions in traces.items()}
    logarithmic(drawn, ends(found.values(), slo), "y")
    for place, (name, waits) in enumerate(found.items()):
        values = curves.ecdf(waits.ms)[0]
        faster = np.searchsorted(waits.ms, values) / max(len(waits.ms), 1)
        hover = f"{name}: %{{y:.3g}} ms at %{{customdata:.3%}}<extra></extra>"
        drawn.add_trace(line(look(place), name, 1 / (1 - faster), values, customdata=faster, hovertemplate=hover))
    drawn.update_xaxes(type="log", tickmode="array", tickvals=list(_TICKS), ticktext=list(_TICKS.values()))
    for place, (name, waits) in enumerate(found.items()):
        if len(waits.ms):
            # Each label at a percentile of its own, so that labels of curves close together do not cover each other.
            rarity = len(waits.ms) ** (0.75 - 0.6 * place / max(len(found) - 1, 1))
            label(drawn, name, rarity, waits.within(max(1 - 1 / rarity, 1e-9)), yshift=12)
    if slo is not None:
        guide(drawn, name_of_slo(slo), y=slo.latency_ms)
    alt = " ".join(_said(name, waits) for name, waits in found.items())
    return Chart(drawn, f"Latency by percentile, the tail stretched out. {alt}", _table(found))


def _said(name: str, waits: Waited) -> str:
    return f"{name}: {milliseconds(waits.within(0.5))} at the median, {milliseconds(waits.within(1))} at most."


def _table(found: dict[str, Waited]) -> pd.DataFrame:
    """Latency at each percentile that at least one request lies beyond."""
    columns = {
        name: [waits.within(share) if len(waits.ms) * (1 - share) >= 1 else np.nan for share in _SHARES]
        for name, waits in found.items()
    }
    return pd.DataFrame(columns, index=pd.Index([f"{share:.1%}" for share in _SHARES], name="percentile (ms)"))
