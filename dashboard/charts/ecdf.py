"""The share of requests that were over within each latency: every wait is in it, and nothing is averaged away."""

import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, label, line, look
from dashboard.charts.latency import Traces, Waited, ends, logarithmic, milliseconds, name_of_slo, waited
from data.estimates import curves
from data.scenario import Slo

_SHARES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)


def ecdf(traces: Traces, slo: Slo | None = None) -> Chart:
    """Empirical distribution of latency, one curve a candidate; a request that timed out waited until its deadline."""
    drawn = figure("Latency in ms (logarithmic)", "Share of requests")
    drawn.update_yaxes(range=[0, 1.03], tickformat=".0%")
    found = {name: waited(repetitions) for name, repetitions in traces.items()}
    logarithmic(drawn, ends(found.values(), slo))
    fastest = min(found, key=lambda name: found[name].within(0.5), default="")
    for place, (name, waits) in enumerate(found.items()):
        values, shares = curves.ecdf(waits.ms)
        hover = f"{name}: %{{y:.2%}} within %{{x:.3g}} ms<extra></extra>"
        drawn.add_trace(line(look(place), name, values, shares, line_shape="hv", hovertemplate=hover))
        if len(values):
            # Each label at a height of its own, the fastest curve's to its left, so that they do not cover each other.
            height = 0.85 - 0.7 * place / max(len(found) - 1, 1)
            side = {"xanchor": "right", "xshift": -8} if name == fastest else {}
            label(drawn, name, waits.within(height), height, **side)
    if slo is not None:
        guide(drawn, name_of_slo(slo), x=slo.latency_ms)
    alt = "Share of requests over within each latency. " + " ".join(_said(n, w, slo) for n, w in found.items())
    return Chart(drawn, alt, _table(found))


def _said(name: str, waits: Waited, slo: Slo | None) -> str:
    half, most = (milliseconds(waits.within(share)) for share in (0.5, 0.99))
    text = f"{name}: half within {half}, 99% within {most}"
    if slo is not None:
        text += f", {waits.met(slo.latency_ms):.2%} of all requests answered within the SLO's {slo.latency_ms:g} ms"
    return f"{text} (n={waits.n:,})."


def _table(found: dict[str, Waited]) -> pd.DataFrame:
    columns = {name: [waits.within(share) for share in _SHARES] for name, waits in found.items()}
    index = pd.Index([f"{share:.1%}".replace(".0%", "%") for share in _SHARES], name="share within (ms)")
    return pd.DataFrame(columns, index=index)
