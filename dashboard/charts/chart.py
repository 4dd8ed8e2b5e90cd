"""What every chart answers, and how all of them look.

A chart never rests on colour alone: each series has a dash, a marker and a label of its own beside its line. The four
colours have 3:1 contrast on the light and on the dark page (Okabe and Ito 2008); text keeps the page's own colour.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
DASHES = ("solid", "dash", "dot", "dashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
GUIDE = "#8a96a3"
"""Reference lines and axes: 3:1 on both pages."""
MAX_POINTS = 2_000
"""The most points that one series draws; more cannot be seen and only slow the page."""
HEIGHT_PX = 380
_ROW_PX = 17
_MARKED = 8
"""Points of a series with a marker."""
_MANY = 100
"""Of more points than that the browser chooses those that are marked: it would draw also the markers without size."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure, the same in words, and the same as a table."""

    figure: go.Figure
    alt: str
    """What someone who cannot see it must know: what is drawn, and what it shows."""
    table: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is told from the others."""

    colour: str
    dash: str
    marker: str


def look(place: int) -> Look:
    """The look of the series in that place; the first 24 all differ."""
    return Look(
        COLOURS[place % len(COLOURS)],
        DASHES[(place + place // len(COLOURS)) % len(DASHES)],
        MARKERS[place % len(MARKERS)],
    )


def figure(x: str, y: str, *, height: int = HEIGHT_PX) -> go.Figure:
    """An empty figure whose axes are titled `x` and `y`, units included."""
    drawn = go.Figure()
    drawn.update_layout(
        height=height,
        showlegend=False,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        hovermode="closest",
        dragmode=False,
    )
    drawn.update_xaxes(title_text=x, automargin=True, linecolor=GUIDE, showline=True, zeroline=False)
    drawn.update_yaxes(title_text=y, automargin=True, linecolor=GUIDE, showline=True, zeroline=False)
    return drawn


def line(look: Look, name: str, x: Any, y: Any, **more: Any) -> go.Scatter:
    """A series with a marker on few enough of its points that the dash still shows."""
    marker: dict[str, Any] = {"color": look.colour, "symbol": look.marker, "size": 7}
    if len(x) > _MANY:
        marker["maxdisplayed"] = _MARKED
    else:
        marker["size"] = np.zeros(len(x))
        marker["size"][np.unique(np.linspace(0, len(x) - 1, min(len(x), _MARKED)).astype(int))] = 7
    return go.Scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers",
        line={"color": look.colour, "dash": look.dash, "width": 2.5},
        marker=marker,
        **more,
    )


def label(drawn: go.Figure, text: str, x: float, y: float, **more: Any) -> None:
    """Write a series' name beside its line, at a point of it."""
    drawn.add_annotation(
        text=text,
        x=_on(drawn.layout.xaxis, x),
        y=_on(drawn.layout.yaxis, y),
        **{"showarrow": False, "xanchor": "left", "yanchor": "middle", "xshift": 8, "font": {"size": 13}, **more},
    )


def guide(drawn: go.Figure, text: str, *, x: float | None = None, y: float | None = None, row: int = 0) -> None:
    """A reference line across the chart with its meaning written at its end, so many rows above the others'."""
    style = {"color": GUIDE, "dash": "longdash", "width": 2}
    if x is not None:
        drawn.add_vline(x=x, line=style)
        at = _on(drawn.layout.xaxis, x)
        drawn.add_annotation(
            text=text, x=at, y=1, yref="paper", yanchor="bottom", yshift=_ROW_PX * row, showarrow=False,
            font={"size": 13},
        )  # fmt: skip
    if y is not None:
        drawn.add_hline(y=y, line=style)
        drawn.add_annotation(
            text=text,
            x=1,
            xref="paper",
            xanchor="right",
            y=_on(drawn.layout.yaxis, y),
            yanchor="bottom",
            showarrow=False,
            font={"size": 13},
        )


def legend(drawn: go.Figure) -> None:
    """Name the series above the chart, where their lines lie too close together for labels beside them."""
    drawn.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})


def _on(axis: Any, value: float) -> float:
    # Plotly places shapes by value but annotations by the logarithm on a logarithmic axis.
    return float(np.log10(value)) if axis.type == "log" else value
