"""What was predicted over what was then measured, by load: at 1 a prediction is right."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.charts.chart import GUIDE, Chart, Look, figure, legend, look
from simulators.fidelity.report import FULL, TARGETS, Cell

TITLES = {"p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "throughput_rps": "Throughput"}
_TICKS = (0.2, 0.5, 1, 2, 5)
_EDGE = 6.0
"""Further off than this many times, either way, a point is drawn at the edge: one would press all others together."""


def fidelity_chart(cells: Sequence[Cell], name: str) -> Chart:
    """Cells of one figure, those in overload left out; a hollow point was measured too uncertainly to judge by."""
    told = [c for c in cells if c.figure == name and c.measured and c.predicted and c.utilisation <= FULL]
    target = TARGETS[name]
    beyond = f"; beyond {_EDGE:g}× at the edge" if any(_ratio(c) != _drawn(c) for c in told) else ""
    drawn = figure("load, share of capacity", f"predicted / measured{beyond}", height=440)
    drawn.update_yaxes(type="log", tickvals=_TICKS, ticktext=[f"{tick:g}×" for tick in _TICKS])
    drawn.add_hrect(y0=1 - target, y1=1 + target, fillcolor=GUIDE, opacity=0.35, line_width=0)
    drawn.add_hline(y=1, line={"color": GUIDE, "width": 2})
    for place, subject in enumerate(dict.fromkeys(c.subject for c in told)):
        drawn.add_trace(_points(subject, [c for c in told if c.subject == subject], look(place)))
    legend(drawn)
    return Chart(drawn, _alt(told, name, target), _table(told))


def _ratio(cell: Cell) -> float:
    return (cell.predicted or 0.0) / (cell.measured or 1.0)


def _drawn(cell: Cell) -> float:
    return float(np.clip(_ratio(cell), 1 / _EDGE, _EDGE))


def _points(subject: str, cells: Sequence[Cell], how: Look) -> go.Scatter:
    cells = sorted(cells, key=lambda c: c.floor > c.target)  # the legend shows the first one's symbol
    hollow = [f"{how.marker}-open" if c.floor > c.target else how.marker for c in cells]
    said = [
        f"{subject}, load {c.utilisation:.2f}, {c.traffic}<br>"
        f"measured {c.measured:.4g}, predicted {c.predicted:.4g}: {c.error:+.0%}"
        for c in cells
    ]
    return go.Scatter(
        x=[c.utilisation for c in cells], y=[_drawn(c) for c in cells],
        mode="markers", name=subject, text=said,
        marker={"color": how.colour, "symbol": hollow, "size": 10, "line": {"width": 2, "color": how.colour}},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _alt(cells: Sequence[Cell], name: str, target: float) -> str:
    if not cells:
        return f"Nothing was measured of {TITLES[name]}."
    errors = np.array([abs(c.error or 0.0) for c in cells])
    worst = cells[int(errors.argmax())]
    return (
        f"{TITLES[name]} as predicted over as measured, {len(cells)} runs: the median error is "
        f"{np.median(errors):.1%}, {int((errors <= target).sum())} are within {target:.0%} (the grey band), and the "
        f"largest is {worst.error:+.0%}, of {worst.subject} at a load of {worst.utilisation:.2f} with {worst.traffic} "
        "traffic."
    )


def _table(cells: Sequence[Cell]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "deployment": [c.subject for c in cells],
            "load": [round(c.utilisation, 2) for c in cells],
            "traffic": [c.traffic for c in cells],
            "measured": [c.measured for c in cells],
            "predicted": [c.predicted for c in cells],
            "error": [f"{c.error:+.1%}" for c in cells],
            "noise": [f"{c.noise:.1%}" for c in cells],
            "verdict": [c.verdict for c in cells],
        }
    )
