"""The main plot of a lesson, with the learner's prediction over it."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.chart import Chart, Look, figure, guide, legend, line, look
from dashboard.charts.latency import logarithmic
from data.estimates.text import digits
from lessons.language import _
from lessons.record import Plot, Series

_BAND = 0.16
_PREDICTED = {"symbol": "star-diamond", "size": 15, "line": {"width": 1.5, "color": "#ffffff"}, "color": "#CC79A7"}


def lesson_chart(plot: Plot, predicted: float | None = None, unit: str = "") -> Chart:
    """Draw it; `predicted` is the learner's number, in `unit`."""
    drawn = figure(plot.x_title, plot.y_title)
    _axes(drawn, plot, predicted)
    for place, series in enumerate(plot.series):
        _draw(drawn, series, look(place))
    upright = [one for one in plot.guides if one.x is not None]
    for one in plot.guides:
        # On a narrow screen the words of two neighbours would run into each other.
        guide(drawn, one.text, x=one.x, y=one.y, row=upright.index(one) % 2 if one in upright else 0)
    said = plot.alt
    if predicted is not None:
        text = _("your prediction: {number} {unit}").format(number=digits(predicted), unit=unit).strip()
        _overlay(drawn, plot, predicted, text)
        said = f"{said} {text[:1].upper()}{text[1:]}."
    legend(drawn)
    if upright:
        drawn.update_layout(legend_y=1.1 if len(upright) == 1 else 1.16)  # above the words at the guides' upper ends
    return Chart(drawn, said, _table(plot))


def _axes(drawn: go.Figure, plot: Plot, predicted: float | None) -> None:
    if isinstance(plot.series[0].x[0], str):
        drawn.update_xaxes(type="category")
    elif plot.x_axis == "log":
        said = [predicted] if predicted is not None and plot.predicts == "x" else []
        logarithmic(drawn, [*_all(plot, "x"), *said], "x")
    if plot.y_axis == "log":
        said = [predicted] if predicted is not None and plot.predicts == "y" else []
        logarithmic(drawn, [*_all(plot, "y"), *said], "y")


def _all(plot: Plot, axis: str) -> list[float]:
    """Every value that the axis must reach."""
    guides = [value for one in plot.guides if (value := getattr(one, axis)) is not None]
    names = ("x",) if axis == "x" else ("y", "low", "high")
    return [*guides, *(float(value) for series in plot.series for name in names for value in getattr(series, name))]


def _draw(drawn: go.Figure, series: Series, its: Look) -> None:
    hover = f"{series.name}: %{{y:.4g}} (%{{x}})<extra></extra>"
    if series.drawn == "points" or isinstance(series.x[0], str):
        spread = None
        if len(series.low):
            up, down = np.subtract(series.high, series.y), np.subtract(series.y, series.low)
            spread = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": its.colour}
        marker = {"color": its.colour, "symbol": its.marker, "size": 11}
        drawn.add_scatter(
            x=series.x, y=series.y, error_y=spread, mode="markers", marker=marker, name=series.name, hovertemplate=hover
        )
        return
    if len(series.low):
        x = [*series.x, *list(series.x)[::-1]]
        y = [*series.high, *list(series.low)[::-1]]
        drawn.add_scatter(
            x=x, y=y, fill="toself", fillcolor=its.colour, opacity=_BAND, line={"width": 0}, mode="lines",
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    shape = {"line_shape": "hv"} if series.drawn == "steps" else {}
    drawn.add_trace(line(its, series.name, series.x, series.y, hovertemplate=hover, **shape))


def _overlay(drawn: go.Figure, plot: Plot, predicted: float, text: str) -> None:
    if _outside(plot, predicted):
        return  # the words below the chart still tell it
    if plot.predicted_at is None:
        guide(drawn, text, x=predicted) if plot.predicts == "x" else guide(drawn, text, y=predicted)
        return
    x, y = (plot.predicted_at, predicted) if plot.predicts == "y" else (predicted, plot.predicted_at)
    drawn.add_scatter(
        x=[x], y=[y], mode="markers", marker=_PREDICTED, name=text, hovertemplate=f"{text}<extra></extra>"
    )


def _outside(plot: Plot, predicted: float) -> bool:
    """A logarithmic axis has no place for a prediction of nothing."""
    return predicted <= 0 and (plot.y_axis if plot.predicts == "y" else plot.x_axis) == "log"


def _table(plot: Plot) -> pd.DataFrame:
    """Every series in one table, a row for each x."""
    columns: dict[str, Any] = {}
    for series in plot.series:
        index = pd.Index(series.x)
        columns[series.name] = pd.Series(list(series.y), index=index).groupby(level=0, sort=False).last()
        if len(series.low):
            spans = [f"{digits(low)}–{digits(high)}" for low, high in zip(series.low, series.high, strict=True)]
            name = _("{name}, interval").format(name=series.name)
            columns[name] = pd.Series(spans, index=index).groupby(level=0, sort=False).last()
    return pd.DataFrame(columns).rename_axis(plot.x_title)
