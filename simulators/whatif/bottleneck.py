"""Which station holds everybody up, with the evidence."""

from dataclasses import dataclass

import numpy as np

from data.estimates.text import digits
from simulators.plan import PerRequest
from simulators.runs.result import SimulationResult
from simulators.runs.stations import StationFigures

_BUSY = 0.5
_LINE = 1.0
"""Requests in line, on average, from which on a line says more than utilisation."""
_APART = 0.15
"""By how much the worst moment must differ from the mean to be worth a word."""


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The busiest station; its figures leave the warm-up out."""

    station: str
    utilisation: float | None
    """Share of its workers' time that was occupied; None where the station has no limit."""
    worst: float | None
    """The same in the part of the run in which it was highest."""
    worst_s: float
    """When that part began."""
    waiting: float
    """Requests in its line, averaged over time."""
    stay_ms: float
    """Mean time that a visit took there, waiting included."""
    latency_share: float
    """Share of all stays, at all stations, that were there."""
    refused: int
    limited: bool
    """Whether it has a number of workers that can run out; an instance a request has none."""
    said: str
    """The same in a sentence or two."""


def find_bottleneck(result: SimulationResult) -> Bottleneck:
    """Where most requests wait in line; where hardly any do, the station whose workers were occupied the most.

    A station that is short of workers for a part of the time only may be idle on average. Of functions alone it is
    where requests spend their time.
    """
    limited = [f for f in result.stations if f.utilisation is not None and not _per_request(result, f)]
    longest = max(limited, key=lambda f: f.mean_waiting, default=None)
    if longest is not None and longest.mean_waiting >= _LINE:
        found = longest
    elif limited:
        found = max(limited, key=lambda f: f.utilisation or 0.0)
    else:
        found = max(result.stations, key=lambda f: f.mean_present)
    present = sum(f.mean_present for f in result.stations)
    share = found.mean_present / present if present else 0.0
    stay_s = found.mean_present / found.throughput_rps if found.throughput_rps else 0.0
    worst, worst_s = _worst(result, found.name)
    said = _said(found, bool(limited), share, stay_s, worst, worst_s)
    return Bottleneck(
        found.name,
        found.utilisation,
        worst,
        worst_s,
        found.mean_waiting,
        stay_s * 1e3,
        share,
        found.refused,
        bool(limited),
        said,
    )


def _per_request(result: SimulationResult, figures: StationFigures) -> bool:
    return isinstance(result.plan.unit_of[figures.name].scaling, PerRequest)


def _worst(result: SimulationResult, station: str) -> tuple[float | None, float]:
    series = result.timeline.utilisation.get(station)
    if series is None or not len(series):
        return None, 0.0
    at = int(np.argmax(series))
    return float(series[at]), float(result.timeline.begin_s[at])


def _said(
    found: StationFigures, limited: bool, share: float, stay_s: float, worst: float | None, worst_s: float
) -> str:
    where = f"{share:.0%} of the time that requests spend at stations is spent there, {digits(stay_s * 1e3)} ms a visit"
    refused = f" It refused {found.refused:,} of them." if found.refused else ""
    if not limited:
        return (
            f"No station can run out of workers here: an instance starts for each request. Most time is spent at "
            f"{found.name}: {where}.{refused}"
        )
    mean = found.utilisation or 0.0
    peak = f" ({worst:.0%} at {worst_s:,.0f} s)" if worst is not None and worst > mean + _APART else ""
    facts = (
        f"its workers were occupied {mean:.0%} of the time{peak}, {digits(found.mean_waiting)} requests "
        f"waited for one on average, and {where}.{refused}"
    )
    if max(mean, worst or 0.0) < _BUSY and not found.refused:
        return f"Nothing is short of workers. The busiest station is {found.name}: {facts}"
    return f"The bottleneck is {found.name}: {facts}"
