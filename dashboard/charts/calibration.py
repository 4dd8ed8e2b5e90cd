"""Whether a predicted probability means what it says."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts.chart import GUIDE, Chart, figure, label, line, look


def calibration(predicted: NDArray[np.floating[Any]], observed: NDArray[np.floating[Any]], n: NDArray[Any]) -> Chart:
    """Mean predicted probability against the share that came true, one point a bin of n rows. (bins,) each."""
    drawn = figure("Predicted probability", "Share that came true")
    drawn.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GUIDE, "dash": "longdash"}, hoverinfo="skip")
    label(drawn, "perfect", 0.35, 0.38, xanchor="right", xshift=-8)
    text = [f"{count:,} rows" for count in n]
    drawn.add_trace(
        line(
            look(0),
            "model",
            predicted,
            observed,
            text=text,
            hovertemplate="predicted %{x:.3f}<br>came true %{y:.3f}<br>%{text}<extra></extra>",
        )
    )
    if len(predicted):
        label(drawn, "this model", float(predicted[-1]), float(observed[-1]), xanchor="right", xshift=-10, yshift=12)
    drawn.update_xaxes(range=[0, 1])
    drawn.update_yaxes(range=[0, 1])
    weights = np.asarray(n, np.float64)
    gap = float(np.average(np.abs(predicted - observed), weights=weights)) if weights.sum() else float("nan")
    alt = (
        f"Calibration in {len(predicted)} bins: the predicted probability and the share that came true "
        f"differ by {gap:.3f} on average."
    )
    table = pd.DataFrame({"predicted probability": predicted, "share that came true": observed, "rows": n})
    return Chart(drawn, alt, table)
