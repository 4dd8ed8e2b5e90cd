"""Which columns move together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.chart import Chart, figure

_TEXT_UP_TO = 14  # columns; more, and the numbers would not fit their cells


def correlation(values: NDArray[np.floating[Any]], names: Sequence[str]) -> Chart:
    """Correlation coefficients between columns, -1 to 1. (columns, columns)"""
    drawn = figure("", "", height=max(320, 24 * len(names) + 140))
    drawn.add_trace(
        go.Heatmap(
            z=values,
            x=list(names),
            y=list(names),
            zmin=-1,
            zmax=1,
            colorscale=[[0, "#D55E00"], [0.5, "#f5f5f5"], [1, "#0072B2"]],
            texttemplate="%{z:.1f}" if len(names) <= _TEXT_UP_TO else None,
            showscale=len(names) > _TEXT_UP_TO,
            colorbar={"title": {"text": "Correlation"}, "thickness": 12},
            hovertemplate="%{x} and %{y}: %{z:.2f}<extra></extra>",
        )
    )
    drawn.update_xaxes(type="category", tickangle=-60)
    drawn.update_yaxes(type="category", autorange="reversed")
    alt = f"Correlation of {len(names)} columns. {_strongest(values, names)}"
    return Chart(drawn, alt, pd.DataFrame(values, index=pd.Index(names, name="column"), columns=list(names)))


def _strongest(values: NDArray[np.floating[Any]], names: Sequence[str]) -> str:
    apart = np.abs(np.nan_to_num(np.triu(values, k=1)))
    if not apart.any():
        return "No two of them are correlated."
    i, j = divmod(int(np.argmax(apart)), apart.shape[1])
    return f"The strongest: {names[i]} and {names[j]}, {values[i, j]:.2f}."
