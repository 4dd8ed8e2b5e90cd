"""What each threshold would cost."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import COLOURS, Chart, figure, label, line, look
from strategies.training.threshold import ThresholdChoice


def cost(choice: ThresholdChoice, chosen: float) -> Chart:
    """Mean cost per validation row by threshold, with the cheapest and the chosen threshold marked."""
    thresholds, costs = np.array(choice.curve).T
    drawn = figure("Threshold: say yes from this probability on", "Mean cost per row", height=300)
    hover = "threshold %{x:.2f}: %{y:.3f} per row<extra></extra>"
    drawn.add_trace(line(look(0), "cost", thresholds, costs, hovertemplate=hover))
    here = float(np.interp(chosen, thresholds, costs))
    drawn.add_scatter(
        x=[chosen],
        y=[here],
        name="chosen",
        mode="markers",
        marker={"color": COLOURS[1], "symbol": "diamond", "size": 13},
        hovertemplate=hover,
    )
    drawn.add_vline(x=choice.threshold, line={"color": COLOURS[2], "dash": "dot", "width": 2})
    label(drawn, f"cheapest: {choice.threshold:.2f}", choice.threshold, float(np.max(costs)), yanchor="top")
    label(drawn, f"chosen: {chosen:.2f}", chosen, here, yshift=14, xanchor="left" if chosen < 0.7 else "right")
    drawn.update_xaxes(range=[0, 1])
    drawn.update_yaxes(rangemode="tozero")
    alt = (
        f"Mean cost per row by threshold: {here:.3f} at the chosen {chosen:.2f}, "
        f"{choice.validation_cost:.3f} at the cheapest, {choice.threshold:.2f}."
    )
    return Chart(drawn, alt, pd.DataFrame({"threshold": thresholds, "cost per row": costs}))
