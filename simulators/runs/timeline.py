"""A run over time, in equal bins: what arrived and ended, queues, replicas, cold starts, percentiles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.engines import _sketch
from simulators.engines.contract import REQUEST_FIELDS, STATION_FIELDS, UNIT_FIELDS, Outcome
from simulators.plan import Plan
from simulators.runs.stations import utilisation

Series = NDArray[np.float64]
_S = {name: i for i, name in enumerate(STATION_FIELDS)}
_U = {name: i for i, name in enumerate(UNIT_FIELDS)}
_R = {name: i for i, name in enumerate(REQUEST_FIELDS)}


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Every series has one value a bin; requests count in the bin of their scheduled moment. What happened after the
    schedule was over is not in it."""

    begin_s: Series
    """(bins,)"""
    width_s: float
    scheduled_rps: Series
    ok_rps: Series
    bad_share: Series
    """Share of requests that ended badly; NaN in a bin without any."""
    cold_share: Series
    percentiles_s: dict[float, Series]
    """p50, p95 and p99 of latencies that ended well, ±0.4%; NaN in a bin without any."""
    waiting: dict[str, Series]
    """Station to jobs in line, averaged over the bin."""
    utilisation: dict[str, Series]
    """Station to share of workers or cores occupied; only stations that have a number of either."""
    ready: dict[str, Series]
    """Unit to replicas that serve, averaged over the bin."""
    starting: dict[str, Series]
    cold_starts: dict[str, Series]
    """Unit to requests that waited for an instance of their own to start."""
    crashes: dict[str, Series]


def timeline(plan: Plan, outcome: Outcome, duration_s: float) -> Timeline:
    """The run's bins, read off its books."""
    bins = len(outcome.requests) - 1
    width_s = duration_s / bins
    requests, stations, units = outcome.requests[:-1], outcome.stations[:, :-1], outcome.units[:, :-1]
    scheduled = requests[:, _R["scheduled"]]
    bad = requests[:, _R["rejected"]] + requests[:, _R["timeout"]] + requests[:, _R["error"]]
    unit_series = {name: {u.name: units[i, :, _U[name]] for i, u in enumerate(plan.units)} for name in UNIT_FIELDS}
    return Timeline(
        begin_s=np.arange(bins, dtype=np.float64) * width_s,
        width_s=width_s,
        scheduled_rps=scheduled / width_s,
        ok_rps=requests[:, _R["ok"]] / width_s,
        bad_share=_share(bad, scheduled),
        cold_share=_share(requests[:, _R["cold"]], scheduled),
        percentiles_s=_percentiles(outcome.sketch[:-1], (50.0, 95.0, 99.0)),
        waiting={s.name: stations[i, :, _S["waiting_s"]] / width_s for i, s in enumerate(plan.stations)},
        utilisation=_utilisation(plan, stations, units),
        ready={name: series / width_s for name, series in unit_series["ready_s"].items()},
        starting={name: series / width_s for name, series in unit_series["starting_s"].items()},
        cold_starts=unit_series["cold"],
        crashes=unit_series["crashed"],
    )


def _share(part: Series, whole: Series) -> Series:
    shares: Series = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def _percentiles(sketch: NDArray[np.int32], percents: tuple[float, ...]) -> dict[float, Series]:
    """By bin; (bins, buckets) → (bins,) for each."""
    filled = np.flatnonzero(sketch.any(0))
    first, end = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, 1)
    up_to = np.cumsum(sketch[:, first:end], axis=1, dtype=np.int64)
    totals, middles = up_to[:, -1], _sketch.middles()[first:end]

    def of(percent: float) -> Series:
        ranks = np.maximum(np.ceil(np.round(totals * percent / 100, 9)), 1)
        return np.where(totals > 0, middles[np.argmax(up_to >= ranks[:, None], axis=1)], np.nan)

    return {percent: of(percent) for percent in percents}


def _utilisation(plan: Plan, stations: Series, units: Series) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for i, station in enumerate(plan.stations):
        unit = plan.unit_of[station.name]
        series = utilisation(station, unit, stations[i], units[plan.units.index(unit)])
        if series is not None:
            found[station.name] = series
    return found
