"""How one column's values are distributed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.chart import COLOURS, Chart, figure


def histogram(edges: NDArray[np.floating[Any]], counts: NDArray[np.integer[Any]], name: str, unit: str = "") -> Chart:
    """Counts of a number's values between neighbouring edges, (bins + 1,) and (bins,)."""
    drawn = figure(f"{name} ({unit})" if unit else name, "Rows", height=280)
    middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    drawn.add_trace(_bars(middle, counts, width=width))
    table = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rows": counts})
    top = int(np.argmax(counts))
    alt = (
        f"Histogram of {name}: {int(counts.sum()):,} values from {edges[0]:.4g} to {edges[-1]:.4g}; "
        f"most lie between {edges[top]:.4g} and {edges[top + 1]:.4g}."
    )
    return Chart(drawn, alt, table)


def categories(names: Sequence[str], counts: Sequence[int], name: str, limit: int = 20) -> Chart:
    """Counts of a category's names, most frequent first; those past `limit` are in the table alone."""
    order = np.argsort(-np.asarray(counts), kind="stable")
    names, counts = [names[i] for i in order], [int(counts[i]) for i in order]
    drawn = figure("Rows", name, height=max(220, 26 * min(len(names), limit) + 90))
    drawn.add_trace(_bars(counts[:limit], names[:limit], orientation="h"))
    drawn.update_yaxes(type="category", autorange="reversed")
    more = f" ({len(names) - limit} rarer ones are in the table)" if len(names) > limit else ""
    alt = f"Rows by {name}: {len(names)} categories{more}; the most frequent is {names[0]} with {counts[0]:,} rows."
    return Chart(drawn, alt, pd.DataFrame({name: names, "rows": counts}))


def _bars(x: Any, y: Any, **more: Any) -> go.Bar:
    return go.Bar(x=x, y=y, marker={"color": COLOURS[0]}, hovertemplate="%{y}: %{x:,}<extra></extra>", **more)
