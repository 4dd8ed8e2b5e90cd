"""Which classes a model confuses."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.chart import Chart, figure


def confusion(counts: NDArray[np.integer[Any]], classes: Sequence[str]) -> Chart:
    """Counts of rows by true class (rows) and predicted class (columns), (classes, classes)."""
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / total
    drawn = figure("Predicted class", "True class", height=max(300, 48 * len(classes) + 120))
    drawn.add_trace(
        go.Heatmap(
            z=shares,
            x=list(classes),
            y=list(classes),
            text=[[_cell(n, share) for n, share in zip(*row, strict=True)] for row in zip(counts, shares, strict=True)],
            texttemplate="%{text}",
            colorscale=[[0, "#eef4fa"], [1, "#0b5cad"]],
            zmin=0,
            zmax=1,
            showscale=False,
            hovertemplate="true %{y}<br>predicted %{x}<br>%{z:.1%} of the true class<extra></extra>",
        )
    )
    drawn.update_xaxes(type="category")
    drawn.update_yaxes(type="category", autorange="reversed")
    right = int(np.trace(counts))
    alt = (
        f"Confusion matrix of {int(counts.sum()):,} rows in {len(classes)} classes: "
        f"{right:,} ({right / max(int(counts.sum()), 1):.1%}) are predicted right. {_worst(counts, classes)}"
    )
    table = pd.DataFrame(counts, index=pd.Index(classes, name="true \\ predicted"), columns=list(classes))
    return Chart(drawn, alt, table)


def _cell(count: int, share: float) -> str:
    return f"{count:,}<br>{share:.1%}" if count else "0"


def _worst(counts: NDArray[np.integer[Any]], classes: Sequence[str]) -> str:
    wrong = counts - np.diag(np.diag(counts))
    if not wrong.any():
        return "No row is predicted wrong."
    true, predicted = divmod(int(np.argmax(wrong)), wrong.shape[1])
    rows = f"{wrong[true, predicted]:,} rows"
    return f"The most frequent mistake: {classes[true]} predicted as {classes[predicted]}, {rows}."
