"""Whether a predicted probability means what it says."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import GUIDE, Chart, figure, label, line, look
from strategies.training.calibration import Calibration


def calibration(found: Calibration) -> Chart:
    """Mean predicted probability against the share that came true, one point a bin, with its interval."""
    bins = found.bins
    predicted, observed = np.array([b.predicted for b in bins]), np.array([b.observed for b in bins])
    drawn = figure("Predicted probability", "Share that came true")
    drawn.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GUIDE, "dash": "longdash"}, hoverinfo="skip")
    label(drawn, "perfect", 0.35, 0.38, xanchor="right", xshift=-8)
    text = [f"{b.low:.3f} to {b.high:.3f}, {b.n:,} rows" for b in bins]
    hover = "predicted %{x:.3f}<br>came true %{y:.3f}<br>%{text}<extra></extra>"
    interval = {
        "type": "data",
        "symmetric": False,
        "array": [b.high - b.observed for b in bins],
        "arrayminus": [b.observed - b.low for b in bins],
        "thickness": 1.5,
        "width": 0,
    }
    drawn.add_trace(line(look(0), "model", predicted, observed, text=text, hovertemplate=hover, error_y=interval))
    label(drawn, "this model", float(predicted[-1]), float(observed[-1]), xanchor="right", xshift=-10, yshift=12)
    drawn.update_xaxes(range=[0, 1])
    drawn.update_yaxes(range=[0, 1])
    alt = (
        f"Calibration in {len(bins)} bins: the predicted probability and the share that came true differ by "
        f"{found.expected_error:.3f} on average."
    )
    table = pd.DataFrame(
        {
            "predicted probability": predicted,
            "share that came true": observed,
            "from": [b.low for b in bins],
            "to": [b.high for b in bins],
            "rows": [b.n for b in bins],
        }
    )
    return Chart(drawn, alt, table)
