"""How a model's score grows with the rows it learns from: over- and underfitting at a glance."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts.chart import Chart, figure, label, line, look


def learning_curve(
    rows: NDArray[np.integer[Any]],
    training: NDArray[np.floating[Any]],
    validation: NDArray[np.floating[Any]],
    score: str,
) -> Chart:
    """Score on the rows learnt from and on rows held out, by the number of rows learnt from. (sizes,) each."""
    drawn = figure("Rows learnt from", score)
    for place, (name, values) in enumerate((("training", training), ("validation", validation))):
        drawn.add_trace(
            line(look(place), name, rows, values, hovertemplate=f"{name}<br>%{{x:,}} rows: %{{y:.3f}}<extra></extra>")
        )
        label(drawn, name, float(rows[-1]), float(values[-1]), xanchor="right", yshift=14 if place == 0 else -14)
    drawn.update_xaxes(tickformat=",")
    alt = (
        f"{score} by rows learnt from, {int(rows[0]):,} to {int(rows[-1]):,}: training ends at {training[-1]:.3f}, "
        f"validation at {validation[-1]:.3f}, a gap of {abs(training[-1] - validation[-1]):.3f}."
    )
    return Chart(drawn, alt, pd.DataFrame({"rows": rows, "training": training, "validation": validation}))
