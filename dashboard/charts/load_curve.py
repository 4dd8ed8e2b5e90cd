"""Latency against load: two percentiles with the band between runs, and where they pass the SLO."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.chart import GUIDE, Chart, figure, legend, line, look
from dashboard.charts.latency import logarithmic
from data.estimate import Estimate
from data.estimates.text import as_text, digits
from simulators.whatif.load_curve import LoadCurve


def load_curve_chart(curve: LoadCurve, slo_ms: float, rate_rps: float) -> Chart:
    """Percentiles of latency by the rate of requests; the dotted line is the rate asked about."""
    drawn = figure("Requests per second", "Latency in ms (logarithmic)")
    ends = [value for points in curve.percentiles_ms.values() for p in points for value in (p.low, p.high)]
    logarithmic(drawn, [*ends, slo_ms], "y")
    for place, (percent, points) in enumerate(curve.percentiles_ms.items()):
        _band(drawn, curve.rates_rps, points, look(place).colour)
        hover = f"p{percent:g}: %{{y:.3g}} ms at %{{x:,.4g}} per s<extra></extra>"
        values = [point.value for point in points]
        drawn.add_trace(line(look(place), f"p{percent:g}", curve.rates_rps, values, hovertemplate=hover))
    legend(drawn)
    drawn.add_hline(y=slo_ms, line={"color": GUIDE, "dash": "longdash", "width": 2})
    # At the left, where the curves are low: at the right they cross the line.
    drawn.add_annotation(
        text=f"SLO: {slo_ms:g} ms", x=0, xref="paper", xanchor="left", y=math.log10(slo_ms), yanchor="bottom",
        showarrow=False, font={"size": 13},
    )  # fmt: skip
    last = max(curve.rates_rps) * 1.05
    drawn.update_xaxes(range=[0, last], nticks=5)
    if rate_rps <= last:
        drawn.add_vline(x=rate_rps, line={"color": look(2).colour, "dash": "dot", "width": 2})
    crossing = curve.crossing_rps(slo_ms)
    if crossing is not None:
        drawn.add_scatter(
            x=[crossing[0]], y=[slo_ms], name="p99 passes the SLO", mode="markers",
            marker={"symbol": "diamond-open", "size": 14, "color": look(1).colour, "line": {"width": 3}},
            hovertemplate=f"p99 passes the SLO at {digits(crossing[0])} per s<extra></extra>",
        )  # fmt: skip
    alt = f"Simulated latency against load, {curve.requests:,} requests in all. {said(curve, slo_ms, rate_rps)}"
    return Chart(drawn, alt, _table(curve))


def said(curve: LoadCurve, slo_ms: float, rate_rps: float) -> str:
    """What the curve says, in a sentence or two."""
    crossing = curve.crossing_rps(slo_ms)
    known = f"up to {digits(curve.rates_rps[-1])} requests per second"
    if crossing is None:
        text = f"p99 stays within the SLO's {slo_ms:g} ms {known}."
    elif crossing[0] <= curve.rates_rps[0]:
        text = f"p99 is above the SLO's {slo_ms:g} ms from {digits(curve.rates_rps[0])} requests per second on."
    else:
        middle, early, late = (digits(rate) for rate in crossing)
        text = f"p99 passes the SLO's {slo_ms:g} ms at {middle} requests per second ({early}–{late})."
    if math.isfinite(curve.capacity_rps):
        text += f" The bottleneck can do {digits(curve.capacity_rps)} per second."
    return f"{text} Asked about: {digits(rate_rps)} per second."


def _band(drawn: go.Figure, rates: Sequence[float], points: Sequence[Estimate], colour: str) -> None:
    """The 95% interval between runs, as an area."""
    low = [max(point.low, 1e-6) for point in points]
    high = [point.high for point in points]
    drawn.add_scatter(
        x=[*rates, *reversed(rates)], y=[*high, *reversed(low)], fill="toself", mode="lines", hoverinfo="skip",
        fillcolor=_faint(colour), line={"width": 0}, showlegend=False,
    )  # fmt: skip


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.22)"


def _table(curve: LoadCurve) -> pd.DataFrame:
    columns = {f"p{percent:g}": [as_text(p) for p in points] for percent, points in curve.percentiles_ms.items()}
    rates = [digits(rate) for rate in curve.rates_rps]
    if math.isfinite(curve.capacity_rps):
        shares = np.array(curve.rates_rps) / curve.capacity_rps
        rates = [f"{rate} ({share:.0%})" for rate, share in zip(rates, shares, strict=True)]
    return pd.DataFrame(columns, index=pd.Index(rates, name="per s (of capacity)"))
