"""The evidence against a new version, signal by signal, as a share of the boundary at which it is rolled back."""

from typing import Any

import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, legend, line, look
from dashboard.charts.release_shares import Entries, time_unit

_MOST, _LEAST = 2.0, -0.5
SIGNALS = ("errors", "latency", "disagreement", "drift", "quality")


def release_evidence(log: Entries, until_s: float) -> Chart:
    """A line a signal; what lies beyond twice the boundary is drawn there."""
    scale, unit = time_unit(max(until_s, float(log[-1]["now_s"])))
    drawn = figure(f"{unit} since the release began", "Evidence / boundary", height=300)
    drawn.update_yaxes(range=[_LEAST - 0.1, _MOST + 0.1])
    drawn.update_xaxes(range=[0, until_s / scale])
    series = _series(log)
    for name, points in series.items():
        drawn.add_trace(
            line(
                look(SIGNALS.index(name)), name, [now_s / scale for now_s, _, _ in points],
                [min(max(ratio, _LEAST), _MOST) for _, ratio, _ in points],
                text=[_hover(name, f) for _, _, f in points], hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    legend(drawn)
    guide(drawn, "rolled back from here", y=1.0)
    alt = "Evidence against the new version as a share of the boundary that rolls it back. " + (
        " ".join(
            f"{name}: {points[-1][1]:.2f} at the end, n={points[-1][2]['n']:,}." for name, points in series.items()
        )
        or "There is none yet."
    )
    return Chart(drawn, alt, _table(log))


def _series(log: Entries) -> dict[str, list[tuple[float, float, dict[str, Any]]]]:
    found: dict[str, list[tuple[float, float, dict[str, Any]]]] = {}
    for entry in log:
        for finding in entry["evidence"]:
            statistic, boundary = finding["statistic"], finding["boundary"]
            if statistic is not None and boundary:
                point = float(entry["now_s"]), float(statistic) / float(boundary), finding
                found.setdefault(str(finding["signal"]), []).append(point)
    return found


def _hover(name: str, finding: dict[str, Any]) -> str:
    needs = "more than can be said" if finding["needs"] is None else f"{finding['needs']:,.0f}"
    return (
        f"{name}: {finding['statistic']:.3g} of {finding['boundary']:.3g}, old {_figure(finding['old'])}, "
        f"new {_figure(finding['new'])}, n={finding['n']:,}, needs {needs}"
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _table(log: Entries) -> pd.DataFrame:
    """The last word of each signal."""
    last: dict[str, dict[str, Any]] = {str(f["signal"]): f for entry in log for f in entry["evidence"]}
    lines = [
        {
            "signal": name, "says": f["sense"], "evidence": _figure(f["statistic"]), "boundary": _figure(f["boundary"]),
            "old": _figure(f["old"]), "new": _figure(f["new"]), "n": f"{f['n']:,}", "needs": _figure(f["needs"]),
        }
        for name, f in last.items()
    ]  # fmt: skip
    return pd.DataFrame(lines or [{"signal": "none yet"}])
