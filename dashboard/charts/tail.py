"""Latency against how rare it is: each step right is a tenth as many requests."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, label, line, look, thinned
from dashboard.charts.latency import Answered, Traces, answered, ends, logarithmic, milliseconds, name_of_slo
from data.scenario import Slo

_TICKS = {1 / (1 - p / 100): f"{p:g}%" for p in (0, 50, 90, 99, 99.9, 99.99, 99.999)}

_SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)


def tail(traces: Traces, slo: Slo | None = None) -> Chart:
    """Latency by percentile p on the axis 1/(1-p); the curve ends at the rarest request seen, one in n."""
    drawn = figure("Percentile, spaced as 1/(1−p)", "Latency in ms (logarithmic)")
    found = {name: answered(trace) for name, trace in traces.items()}
    logarithmic(drawn, ends(found.values(), slo), "y")
    for place, (name, latencies) in enumerate(found.items()):
        picks = thinned(len(latencies.ms))
        rarity = latencies.n / np.maximum(latencies.n - picks, 1)  # 1/(1-p) with p the share that is faster
        drawn.add_trace(
            line(
                look(place),
                name,
                rarity,
                latencies.ms[picks],
                customdata=1 - 1 / rarity,
                hovertemplate=f"{name}: %{{y:.3g}} ms at %{{customdata:.3%}}<extra></extra>",
            )
        )
    drawn.update_xaxes(type="log", tickmode="array", tickvals=list(_TICKS), ticktext=list(_TICKS.values()))
    for place, (name, latencies) in enumerate(found.items()):
        if len(latencies.ms):
            # Each label at a percentile of its own, so that labels of curves close together do not cover each other.
            rarity = latencies.n ** (0.75 - 0.6 * place / max(len(found) - 1, 1))
            label(
                drawn, name, rarity, latencies.within(min(1 - 1 / rarity, len(latencies.ms) / latencies.n)), yshift=12
            )
    if slo is not None:
        guide(drawn, name_of_slo(slo), y=slo.latency_ms)
    alt = " ".join(_said(name, latencies) for name, latencies in found.items())
    return Chart(drawn, f"Latency by percentile, the tail stretched out. {alt}", _table(found))


def _said(name: str, latencies: Answered) -> str:
    return f"{name}: {milliseconds(latencies.within(0.5))} at the median, {milliseconds(latencies.within(1))} at most."


def _table(found: dict[str, Answered]) -> pd.DataFrame:
    """Latency at each percentile that at least one request lies beyond."""
    columns = {
        name: [latencies.within(share) if latencies.n * (1 - share) >= 1 else np.nan for share in _SHARES]
        for name, latencies in found.items()
    }
    return pd.DataFrame(columns, index=pd.Index([f"{share:.1%}" for share in _SHARES], name="percentile (ms)"))
