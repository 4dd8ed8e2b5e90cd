"""The share of requests answered within each latency: every request is in it, and nothing is averaged away."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, label, line, look
from dashboard.charts.latency import Answered, Traces, answered, ends, logarithmic, milliseconds, name_of_slo
from data.estimates import curves
from data.scenario import Slo

_SHARES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)


def ecdf(traces: Traces, slo: Slo | None = None) -> Chart:
    """Empirical distribution of latency, one curve a trace; a failed request keeps its curve below 100%."""
    drawn = figure("Latency in ms (logarithmic)", "Share of requests answered")
    drawn.update_yaxes(range=[0, 1.03], tickformat=".0%")
    found = {name: answered(trace) for name, trace in traces.items()}
    logarithmic(drawn, ends(found.values(), slo))
    fastest = min(found, key=lambda name: found[name].within(0.5), default="")
    for place, (name, latencies) in enumerate(found.items()):
        values, shares = curves.ecdf(latencies.ms)
        drawn.add_trace(
            line(
                look(place),
                name,
                values,
                shares * len(latencies.ms) / max(latencies.n, 1),
                line_shape="hv",
                hovertemplate=f"{name}: %{{y:.2%}} within %{{x:.3g}} ms<extra></extra>",
            )
        )
        if len(latencies.ms):
            # Each label at a height of its own, the fastest curve's to its left, so that they do not cover each other.
            height = 0.85 - 0.7 * place / max(len(found) - 1, 1)
            side = {"xanchor": "right", "xshift": -8} if name == fastest else {}
            label(drawn, name, latencies.within(height * len(latencies.ms) / latencies.n), height, **side)
    if slo is not None:
        guide(drawn, name_of_slo(slo), x=slo.latency_ms)
    alt = "Share of requests answered within each latency. " + " ".join(_said(n, a, slo) for n, a in found.items())
    return Chart(drawn, alt, _table(found))


def _said(name: str, latencies: Answered, slo: Slo | None) -> str:
    text = (
        f"{name}: half within {milliseconds(latencies.within(0.5))}, 99% within {milliseconds(latencies.within(0.99))}"
    )
    if slo is not None:
        met = 1 - latencies.misses(slo.latency_ms) / max(latencies.n, 1)
        text += f", {met:.2%} within the {slo.latency_ms:g} ms of the SLO"
    return f"{text} (n={latencies.n:,}, {latencies.failed:,} failed)."


def _table(found: dict[str, Answered]) -> pd.DataFrame:
    columns = {name: [latencies.within(share) for share in _SHARES] for name, latencies in found.items()}
    index = pd.Index([f"{share:.1%}".replace(".0%", "%") for share in _SHARES], name="share answered within (ms)")
    return pd.DataFrame(columns, index=index).replace(np.inf, np.nan)
