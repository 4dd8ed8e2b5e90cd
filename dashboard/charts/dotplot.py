"""Fifty dots, each one request in fifty: counting dots is easier than reading a curve (Fernandes et al., CHI 2018)."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from dashboard.charts.chart import Chart, figure, guide, look
from dashboard.charts.latency import Traces, Waited, logarithmic, name_of_slo, waited
from data.scenario import Slo

DOTS = 50
_BINS = 20
_DOT_PX = 8
_ROW_PX = 150


def dotplot(traces: Traces, slo: Slo) -> Chart:
    """Fifty quantiles of each candidate's latency, stacked; the ones past the SLO are hollow, failed ones crosses."""
    found = {name: quantiles(waited(repetitions)) for name, repetitions in traces.items()}
    names = list(found)
    drawn = figure("Latency in ms (logarithmic)", "", height=100 + _ROW_PX * len(found))
    edges, failed_at = _bins(list(found.values()), slo)
    logarithmic(drawn, (edges[0], failed_at))
    for place, (name, dots) in enumerate(found.items()):
        _stack(drawn, place, len(found), name, dots, edges, failed_at, slo)
    drawn.update_yaxes(
        tickmode="array",
        tickvals=[len(found) - 1 - place for place in range(len(found))],
        ticktext=names,
        range=[-0.15, len(found)],
        showgrid=False,
    )
    guide(drawn, name_of_slo(slo), x=slo.latency_ms)
    misses = {name: int((dots > slo.latency_ms).sum()) for name, dots in found.items()}
    alt = " ".join(f"{name}: {said(count)}" for name, count in misses.items())
    table = pd.DataFrame({"missing the SLO, of 50": misses.values()}, index=pd.Index(names, name="candidate"))
    return Chart(drawn, alt, table)


def said(misses: int) -> str:
    """The sentence a newcomer needs.

    >>> said(3)
    'of 50 requests, 3 miss the SLO.'
    """
    verb = "misses" if misses == 1 else "miss"
    return f"of {DOTS} requests, {misses or 'none'} {verb} the SLO."


def quantiles(waits: Waited) -> NDArray[np.float64]:
    """Latency at the middle of each fiftieth of all requests, in ms; infinite for those without an answer. (50,)"""
    ranks = np.ceil((np.arange(DOTS) + 0.5) / DOTS * waits.n).astype(int) - 1
    never = np.full(max(waits.n - len(waits.answered_ms), 1), np.inf)
    found: NDArray[np.float64] = np.concatenate([waits.answered_ms, never])[np.maximum(ranks, 0)]
    return found


def _bins(found: list[NDArray[np.float64]], slo: Slo) -> tuple[NDArray[np.float64], float]:
    """Edges of the columns that dots are stacked in, and where the failed ones stand."""
    every = np.concatenate([*found, [slo.latency_ms]])
    every = every[np.isfinite(every) & (every > 0)]
    low, high = np.log10(every.min()) - 0.05, np.log10(every.max()) + 0.05
    return np.logspace(low, high, _BINS + 1), float(10 ** (high + (high - low) / _BINS * 2))


def _stack(
    drawn: go.Figure,
    place: int,
    rows: int,
    name: str,
    dots: NDArray[np.float64],
    edges: NDArray[np.float64],
    failed_at: float,
    slo: Slo,
) -> None:
    """Dots in columns on the row of their candidate, the tallest column as high as the row."""
    failed = ~np.isfinite(dots)
    column = np.where(failed, len(edges), np.digitize(np.where(failed, edges[-1], dots), edges))
    level = np.array([int((column[:i] == column[i]).sum()) for i in range(len(dots))])
    middle = np.sqrt(edges[:-1] * edges[1:])
    x = np.where(failed, failed_at, middle[np.clip(column - 1, 0, len(middle) - 1)])
    y = rows - 1 - place + 0.06 + level * min(_DOT_PX / _ROW_PX, 0.85 / (level.max() + 1))
    own = look(place)
    late = dots > slo.latency_ms
    symbol = np.where(failed, "x", np.where(late, f"{own.marker}-open", own.marker))
    drawn.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="markers",
        marker={
            "color": own.colour,
            "symbol": symbol,
            "size": _DOT_PX - 2,
            "line": {"color": own.colour, "width": 1.5},
        },
        customdata=dots,
        hovertemplate=f"{name}: one request in fifty at about %{{customdata:.3g}} ms<extra></extra>",
    )
