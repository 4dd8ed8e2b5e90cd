"""Which faults a release catches at which traffic."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboard.charts.chart import Chart, figure, guide, label, legend, line, look
from data.estimates.text import digits
from strategies.releases.outcome.words import span


def release_power(points: Sequence[Mapping[str, Any]], own_rps: float) -> Chart:
    """Share of simulated releases that were rolled back, by requests per second; one line a fault."""
    drawn = figure("Requests per second (logarithmic)", "Releases that catch it")
    drawn.update_xaxes(type="log")
    drawn.update_yaxes(range=[-0.03, 1.05], tickformat=".0%")
    faults = list(dict.fromkeys(str(point["fault"]) for point in points))
    for place, fault in enumerate(faults):
        own = [point for point in points if point["fault"] == fault]
        drawn.add_trace(
            line(
                look(place), fault, [point["rate_rps"] for point in own], [point["caught"]["value"] for point in own],
                text=[_took(point) for point in own],
                hovertemplate=f"{fault} at %{{x:.3g}} per s: %{{y:.0%}}, %{{text}}<extra></extra>",
            )
        )  # fmt: skip
    guide(drawn, "", x=own_rps)
    label(drawn, "your traffic", own_rps, 0.5)
    legend(drawn)
    near = [point for point in points if point["rate_rps"] == own_rps]
    alt = "Share of simulated releases that catch a fault, by traffic. At your traffic: " + "; ".join(
        f"{point['fault']} {point['caught']['value']:.0%} ({_took(point)})" for point in near
    )
    return Chart(drawn, f"{alt}.", _table(points))


def _took(point: Mapping[str, Any]) -> str:
    found = point["detected_s"]
    return "never" if found is None else f"{span(found['median'])} in the median"


def _table(points: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "fault": point["fault"],
                "requests per s": digits(point["rate_rps"]),
                "caught": f"{point['caught']['value']:.0%} (n={point['caught']['n']:,})",
                "promoted all the same": f"{point['missed']['value']:.0%}",
                "not enough traffic": f"{point['inconclusive']['value']:.0%}",
                "time to catch it": _took(point),
                "bad answers (mean)": digits(point["bad"]["mean"]),
            }
            for point in points
        ]
    )
