"""A simulated run over time: latency, utilisation and lines, replicas and cold starts."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.chart import GUIDE, Chart, figure, guide, legend, line, look
from dashboard.charts.latency import logarithmic
from data.estimates.text import digits
from simulators.runs.timeline import Timeline

_HOURS_FROM_S = 7_200.0
_TABLE_ROWS = 12
Series = NDArray[np.float64]


def latency_over_time(timeline: Timeline, slo_ms: float) -> Chart:
    """p50 and p99 of the requests due in each part of the run."""
    x, axis = _moments(timeline)
    drawn = figure(axis, "Latency in ms (logarithmic)")
    found = {f"p{percent:g}": timeline.percentiles_s[percent] * 1e3 for percent in (50.0, 99.0)}
    known = np.concatenate([series[np.isfinite(series)] for series in found.values()])
    logarithmic(drawn, [*(float(f(known)) for f in (np.min, np.max) if len(known)), slo_ms], "y")
    _lines(drawn, x, found, "%{y:.3g} ms")
    guide(drawn, f"SLO: {slo_ms:g} ms", y=slo_ms)
    worst = _peak(timeline, found["p99"])
    bad = float(np.nanmax(timeline.bad_share)) if np.isfinite(timeline.bad_share).any() else 0.0
    alt = f"Simulated latency over time: p99 is highest{worst.format('ms')}. At worst {bad:.1%} failed at a moment."
    columns = {f"{name} (ms)": series for name, series in found.items()}
    return Chart(drawn, alt, _table(timeline, columns | {"failed (%)": timeline.bad_share * 100}))


def traffic_over_time(timeline: Timeline) -> Chart:
    """Requests due and requests answered well in each part of the run."""
    x, axis = _moments(timeline)
    drawn = figure(axis, "Requests per second", height=240)
    drawn.add_scatter(
        x=x, y=timeline.scheduled_rps, name="due", mode="lines", line={"color": GUIDE, "width": 6}, opacity=0.5
    )
    _lines(drawn, x, {"answered": timeline.ok_rps}, "%{y:,.4g} per s")
    drawn.update_yaxes(rangemode="tozero")
    peak = _peak(timeline, timeline.scheduled_rps)
    alt = f"Simulated traffic: most requests are due{peak.format('per second')}."
    columns = {"due (per s)": timeline.scheduled_rps, "answered (per s)": timeline.ok_rps}
    return Chart(drawn, alt, _table(timeline, columns))


def utilisation_over_time(timeline: Timeline) -> Chart:
    """How much of each station's workers' time was occupied."""
    x, axis = _moments(timeline)
    drawn = figure(axis, "Utilisation", height=300)
    drawn.update_yaxes(range=[0, 1.05], tickformat=".0%")
    _lines(drawn, x, timeline.utilisation, "%{y:.0%}")
    said = _said(timeline, timeline.utilisation, lambda value: f"{value:.0%}")
    columns = {f"{name} (%)": series * 100 for name, series in timeline.utilisation.items()}
    return Chart(drawn, f"Simulated utilisation over time, at its highest: {said}.", _table(timeline, columns))


def waiting_over_time(timeline: Timeline) -> Chart:
    """How many requests waited in each station's line."""
    x, axis = _moments(timeline)
    drawn = figure(axis, "Requests waiting in line", height=300)
    drawn.update_yaxes(rangemode="tozero")
    _lines(drawn, x, timeline.waiting, "%{y:,.3g} waiting")
    said = _said(timeline, timeline.waiting, digits)
    return Chart(drawn, f"Simulated lines over time, at their longest: {said}.", _table(timeline, timeline.waiting))


def replicas_over_time(timeline: Timeline) -> Chart:
    """Replicas that serve and that start, of each unit."""
    x, axis = _moments(timeline)
    drawn = figure(axis, "Replicas", height=300)
    drawn.update_yaxes(rangemode="tozero")
    starting = {f"{name}, starting": s for name, s in timeline.starting.items() if s.max(initial=0.0) > 0}
    series = dict(timeline.ready) | starting
    _lines(drawn, x, series, "%{y:,.3g}", line_shape="hvh")
    said = _said(timeline, series, digits)
    return Chart(drawn, f"Simulated replicas over time, at their most: {said}.", _table(timeline, series))


def cold_starts_over_time(timeline: Timeline) -> Chart:
    """Requests that waited for an instance of their own to start, and replicas that crashed."""
    x, axis = _moments(timeline)
    drawn = figure(axis, "In each part of the run", height=240)
    drawn.update_yaxes(rangemode="tozero")
    series = {f"{name}, cold starts": s for name, s in timeline.cold_starts.items() if s.max(initial=0.0) > 0}
    series |= {f"{name}, killed or crashed": s for name, s in timeline.crashes.items() if s.max(initial=0.0) > 0}
    _lines(drawn, x, series, "%{y:,.0f}")
    sums = ", ".join(f"{name}: {int(s.sum()):,}" for name, s in series.items())
    return Chart(
        drawn, f"Simulated cold starts and crashes over time. In all, {sums or 'none'}.", _table(timeline, series)
    )


def has_starts(timeline: Timeline) -> bool:
    """Whether anything started cold or crashed at all."""
    return any(s.max(initial=0.0) > 0 for series in (timeline.cold_starts, timeline.crashes) for s in series.values())


def _moments(timeline: Timeline) -> tuple[Series, str]:
    middle = timeline.begin_s + timeline.width_s / 2
    hours = len(middle) * timeline.width_s > _HOURS_FROM_S
    return (middle / 3_600, "Hours since the run began") if hours else (middle, "Seconds since the run began")


def _lines(drawn: go.Figure, x: Series, found: Mapping[str, Series], hover: str, **more: str) -> None:
    for place, (name, series) in enumerate(found.items()):
        text = f"{name}: {hover} at %{{x:,.4g}}<extra></extra>"
        drawn.add_trace(line(look(place), name, x, series, hovertemplate=text, **more))
    legend(drawn)


def _peak(timeline: Timeline, series: Series) -> str:
    """Where a series is highest, as a text that takes its unit."""
    if not np.isfinite(series).any():
        return ": none"
    at = int(np.nanargmax(series))
    return f" with {digits(float(series[at]))} {{}} at {timeline.begin_s[at]:,.0f} s"


def _said(timeline: Timeline, found: Mapping[str, Series], text: Callable[[float], str]) -> str:
    parts = []
    for name, series in found.items():
        at = int(np.argmax(series))
        parts.append(f"{name} {text(float(series[at]))} at {timeline.begin_s[at]:,.0f} s")
    return "; ".join(parts) or "none"


def _table(timeline: Timeline, columns: Mapping[str, Series]) -> pd.DataFrame:
    """A dozen moments of the run."""
    picks = np.unique(np.linspace(0, len(timeline.begin_s) - 1, _TABLE_ROWS).astype(int))
    index = pd.Index([f"{timeline.begin_s[i]:,.0f}" for i in picks], name="from (s)")
    return pd.DataFrame({name: [_number(series[i]) for i in picks] for name, series in columns.items()}, index=index)


def _number(value: float) -> str:
    return digits(float(value)) if np.isfinite(value) else "none"
