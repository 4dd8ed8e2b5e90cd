"""Who is chosen when the two inputs nearest to flipping the choice move together."""

import numpy as np
import pandas as pd

from dashboard.charts.chart import GUIDE, MARKERS, Chart, figure, legend, look
from dashboard.charts.latency import logarithmic
from data.estimates.text import digits
from simulators.decision.decision import Decision


def two_way(decision: Decision) -> Chart | None:
    """A map: one marker for each pair of values, in the look of whoever is chosen there; None without a map."""
    found = decision.two_way
    if found is None:
        return None
    xs = np.array(found.x_factors) * found.x.now
    ys = np.array(found.y_factors) * found.y.now
    drawn = figure(f"{found.x.title} ({found.x.unit})", f"{found.y.title} ({found.y.unit})", height=440)
    logarithmic(drawn, xs.tolist())
    logarithmic(drawn, ys.tolist(), "y")
    names = [card.name for card in decision.cards]
    there = [name for name in (*names, "") if any(name in row for row in found.chosen)]
    for name in there:
        style = look(names.index(name)) if name else None
        at = [
            (x, y)
            for y, row in zip(ys, found.chosen, strict=True)
            for x, who in zip(xs, row, strict=True)
            if who == name
        ]
        drawn.add_scatter(
            x=[x for x, _ in at],
            y=[y for _, y in at],
            name=name or "nobody keeps every limit",
            mode="markers",
            marker={
                "color": style.colour if style else GUIDE, "symbol": style.marker if style else MARKERS[4], "size": 11,
                "opacity": 0.85,
            },
            hovertemplate=f"{name or 'nobody'}: %{{x:.3g}}, %{{y:.3g}}<extra></extra>",
        )  # fmt: skip
    drawn.add_scatter(
        x=[found.x.now], y=[found.y.now], name="now", mode="markers",
        marker={"symbol": "circle-open", "size": 22, "color": GUIDE, "line": {"width": 3}},
        hovertemplate="now<extra></extra>",
    )  # fmt: skip
    legend(drawn)
    alt = (
        f"Who is chosen as {found.x.title.lower()} goes from {digits(xs[0])} to {digits(xs[-1])} {found.x.unit} and "
        f"{found.y.title.lower()} from {digits(ys[0])} to {digits(ys[-1])} {found.y.unit}: "
        f"{', '.join(name or 'nobody' for name in there)}. Now it is {decision.chosen or 'nobody'}."
    )
    table = pd.DataFrame(found.chosen, columns=[digits(x) for x in xs]).replace("", "nobody")
    table.index = pd.Index([digits(y) for y in ys], name=f"{found.y.title} \\ {found.x.title}")
    return Chart(drawn, alt, table)
