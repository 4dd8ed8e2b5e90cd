"""Who answered: each version's share of the requests over a release, with its decisions as marks."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard.charts.chart import COLOURS, GUIDE, Chart, figure, label, legend

Entries = Sequence[Mapping[str, Any]]
_OLD, _NEW, _NOBODY = "old version", "new version", "nobody"


def release_shares(log: Entries, until_s: float) -> Chart:
    """Shares as a stacked area, from the first decision until `until_s`; a mark where a decision changed anything."""
    scale, unit = time_unit(max(until_s, float(log[-1]["now_s"])))
    at = [float(entry["now_s"]) / scale for entry in log]
    ends = [*at, max(until_s / scale, at[-1])]
    drawn = figure(f"{unit} since the release began", "Share of requests", height=300)
    drawn.update_yaxes(range=[0, 1.04], tickformat=".0%")
    drawn.update_xaxes(range=[-0.01 * ends[-1], ends[-1]])
    new = [float(entry["canary"]) for entry in log]
    old = [float(entry["primary"]) for entry in log]
    layers = {_NEW: (new, COLOURS[1], "/"), _OLD: (old, COLOURS[0], "")}
    if any(a + b < 0.999 for a, b in zip(old, new, strict=True)):
        layers[_NOBODY] = ([1 - a - b for a, b in zip(old, new, strict=True)], GUIDE, "x")
    for name, (shares, colour, pattern) in layers.items():
        drawn.add_scatter(
            x=ends, y=[*shares, shares[-1]], name=name, mode="lines", line={"shape": "hv", "color": colour, "width": 1},
            stackgroup="shares", fillpattern={"shape": pattern, "fgcolor": colour, "fgopacity": 0.9, "size": 6},
            hovertemplate=f"{name}: %{{y:.0%}} from %{{x:.3g}} {unit.lower()}<extra></extra>",
        )  # fmt: skip
    mirrored = [float(entry["mirrored"]) for entry in log]
    if any(mirrored):
        drawn.add_scatter(
            x=ends, y=[*mirrored, mirrored[-1]], name="copied to the new version", mode="lines",
            line={"shape": "hv", "color": COLOURS[1], "dash": "dot", "width": 3},
            hovertemplate="copied: %{y:.0%}<extra></extra>",
        )  # fmt: skip
    _marks(drawn, log, at, new, unit)
    legend(drawn)
    return Chart(drawn, _said(log, until_s), decisions(log))


def decisions(log: Entries, *, all_of_them: bool = False) -> pd.DataFrame:
    """The log as a table: every decision, or those that changed anything."""
    chosen = list(log) if all_of_them else [log[i] for i in turns(log)]
    return pd.DataFrame(
        {
            "at": [f"{float(entry['now_s']):.1f} s" for entry in chosen],
            "to the new version": [f"{float(entry['canary']):.0%}" for entry in chosen],
            "copied": [f"{float(entry['mirrored']):.0%}" for entry in chosen],
            "verdict": [str(entry["verdict"]) for entry in chosen],
            "reason": [str(entry["reason"]) for entry in chosen],
        }
    )


def turns(log: Entries) -> list[int]:
    """Decisions that changed the shares or the verdict, the first among them."""
    found = [0]
    for i in range(1, len(log)):
        before, now = log[i - 1], log[i]
        if any(before[name] != now[name] for name in ("primary", "canary", "mirrored", "verdict")):
            found.append(i)
    return found


def time_unit(until_s: float) -> tuple[float, str]:
    """Seconds in the unit that suits a chart so long, and the unit's name."""
    return next(
        found for found in ((1.0, "Seconds"), (60.0, "Minutes"), (3_600.0, "Hours")) if until_s / found[0] < 300
    )


def _marks(drawn: Any, log: Entries, at: list[float], new: list[float], unit: str) -> None:
    chosen = turns(log)
    drawn.add_scatter(
        x=[at[i] for i in chosen], y=[new[i] for i in chosen], name="decision", mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": "#ffffff", "line": {"color": "#000000", "width": 1.5}},
        text=[str(log[i]["reason"])[:160] for i in chosen],
        hovertemplate=f"%{{x:.3g}} {unit.lower()}: %{{text}}<extra></extra>",
    )  # fmt: skip
    if log[-1]["verdict"] != "hold":
        label(drawn, str(log[-1]["verdict"]), at[-1], min(max(new[-1], 0.12), 0.88), bgcolor="rgba(127,127,127,0.35)")


def _said(log: Entries, until_s: float) -> str:
    first, last = log[0], log[-1]
    most = max(float(entry["canary"]) for entry in log)
    return (
        f"Share of requests by version over {until_s:,.3g} s. The new version began with {float(first['canary']):.0%}, "
        f"had {most:.0%} at most and {float(last['canary']):.0%} in the end; verdict: {last['verdict']}. "
        f"{len(log):,} decisions."
    )
