"""Bad answers that users have had of a new version by each moment: failed, wrong or late."""

from collections.abc import Mapping

import pandas as pd

from dashboard.charts.chart import Chart, figure, legend, line, look
from dashboard.charts.release_shares import Entries, time_unit

KINDS = ("failed", "wrong", "late")


def release_harm(logs: Mapping[str, Entries], ends: Mapping[str, int], until_s: float) -> Chart:
    """A line for each release: the count so far, at each of its decisions and, from `ends`, when the traffic ended."""
    scale, unit = time_unit(until_s)
    drawn = figure(f"{unit} since the release began", "Bad answers so far", height=300)
    drawn.update_yaxes(rangemode="tozero")
    drawn.update_xaxes(range=[0, until_s / scale])
    for place, (name, log) in enumerate(logs.items()):
        at = [*(float(entry["now_s"]) / scale for entry in log), until_s / scale]
        counts = [bad_so_far(entry) for entry in log]
        counts.append(ends[name])
        hover = f"{name}: %{{y:,}} by %{{x:.3g}} {unit.lower()}<extra></extra>"
        drawn.add_trace(line(look(place), name, at, counts, hovertemplate=hover))
    legend(drawn)
    alt = "Bad answers (failed, wrong or late) that users had of the new version. " + " ".join(
        f"{name}: {bad_so_far(log[-1]):,} of {log[-1]['served']['new']:,} answers by the last decision, "
        f"{ends[name]:,} in the end."
        for name, log in logs.items()
    )
    table = pd.DataFrame(
        [
            {
                "release": name,
                "at": f"{float(entry['now_s']):.1f} s",
                **{k: entry["served"][k] for k in ("new", *KINDS)},
            }
            for name, log in logs.items()
            for entry in log
        ]
    )
    return Chart(drawn, alt, table)


def bad_so_far(entry: Mapping[str, Mapping[str, int]]) -> int:
    return sum(entry["served"][kind] for kind in KINDS)
