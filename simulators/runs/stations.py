"""What each station and unit did in a run, after its warm-up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.engines.contract import STATION_FIELDS, STATION_TOTALS, UNIT_FIELDS, Outcome
from simulators.plan import PerRequest, Plan, Station, Unit

_S = {name: i for i, name in enumerate(STATION_FIELDS)}
_U = {name: i for i, name in enumerate(UNIT_FIELDS)}
_T = {name: i for i, name in enumerate(STATION_TOTALS)}


@dataclass(frozen=True, slots=True)
class StationFigures:
    """One station, over the time that counts."""

    name: str
    unit: str
    utilisation: float | None
    """Share of its workers' time (or its unit's cores') that was occupied; None where it has no limit to either."""
    throughput_rps: float
    """Services completed."""
    mean_waiting: float
    """Jobs in line, averaged over time."""
    mean_present: float
    """Jobs in line or in service, averaged over time."""
    wait_s: float
    """Mean time in line, over all jobs of the whole run."""
    service_s: float
    """Mean time a service occupied its worker (or processor time it needed), over the whole run."""
    refused: int
    lost: int
    """Jobs that a crash took, or that were dropped because nobody waited for them any more."""
    little_residual: float
    """(L - λW) / L over the whole run, L the integral of jobs present, λW the sum of their stays, kept apart: not 0
    means that the simulation lost count."""


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit, over the time that counts."""

    name: str
    mean_ready: float
    """Replicas that serve, averaged over time."""
    mean_starting: float
    mean_running: float | None
    """Instances that serve a request, averaged over time, where scaling is per request; else None."""
    started: int
    """Replicas begun after time 0."""
    cold: int
    """Requests that waited for an instance of their own to start."""
    crashed: int

    @property
    def mean_idle(self) -> float | None:
        """Instances that stand ready without a request, averaged over time, where scaling is per request."""
        return None if self.mean_running is None else self.mean_ready - self.mean_running


def station_figures(plan: Plan, outcome: Outcome, counted: slice, seconds: float) -> tuple[StationFigures, ...]:
    """Figures of every station over the bins that count, which last `seconds`."""
    rows = []
    for index, station in enumerate(plan.stations):
        unit = plan.unit_of[station.name]
        area = outcome.stations[index, counted].sum(0)
        unit_area = outcome.units[plan.units.index(unit), counted].sum(0)
        whole = outcome.stations[index].sum(0)
        rows.append(_station(station, unit, area, unit_area, whole, outcome.totals[index], seconds))
    return tuple(rows)


def _station(
    station: Station,
    unit: Unit,
    area: NDArray[np.float64],
    unit_area: NDArray[np.float64],
    whole: NDArray[np.float64],
    totals: NDArray[np.float64],
    seconds: float,
) -> StationFigures:
    visits, stay_s = totals[_T["visits"]], totals[_T["sojourn_s"]]
    present = area[_S["waiting_s"]] + area[_S["served_s"]]
    everywhere = whole[_S["waiting_s"]] + whole[_S["served_s"]]
    share = utilisation(station, unit, area, unit_area)
    return StationFigures(
        name=station.name,
        unit=unit.name,
        utilisation=None if share is None else float(share),
        throughput_rps=float(area[_S["completed"]]) / seconds,
        mean_waiting=float(area[_S["waiting_s"]]) / seconds,
        mean_present=float(present) / seconds,
        wait_s=float(totals[_T["wait_s"]] / visits) if visits else 0.0,
        service_s=float(totals[_T["work_s"]] / visits) if visits else 0.0,
        refused=int(area[_S["refused"]]),
        lost=int(area[_S["lost"]]),
        little_residual=float((everywhere - stay_s) / everywhere) if everywhere else 0.0,
    )


def utilisation(
    station: Station, unit: Unit, areas: NDArray[np.float64], unit_areas: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Share of the time of workers (or cores) that stood ready in which they were occupied; None where there is no
    number of either. Areas are those of the contract's fields: (…, fields) → (…,)."""
    ready_s = unit_areas[..., _U["ready_s"]]
    if unit.cores is not None:
        busy_s, each = unit_areas[..., _U["cpu_s"]], unit.cores
    elif station.workers is not None:
        busy_s, each = areas[..., _S["busy_s"]], float(station.workers)
    else:
        return None
    return np.divide(busy_s, each * ready_s, out=np.zeros(np.shape(ready_s)), where=ready_s > 0)


def unit_figures(plan: Plan, outcome: Outcome, counted: slice, seconds: float) -> tuple[UnitFigures, ...]:
    """Figures of every unit over the bins that count, which last `seconds`."""
    return tuple(_unit(plan, unit, outcome, counted, seconds) for unit in plan.units)


def _unit(plan: Plan, unit: Unit, outcome: Outcome, counted: slice, seconds: float) -> UnitFigures:
    area = outcome.units[plan.units.index(unit), counted].sum(0)
    running = None
    if isinstance(unit.scaling, PerRequest):
        served = plan.stations.index(unit.stations[0])
        running = float(outcome.stations[served, counted, _S["busy_s"]].sum()) / seconds
    return UnitFigures(
        name=unit.name,
        mean_ready=float(area[_U["ready_s"]]) / seconds,
        mean_starting=float(area[_U["starting_s"]]) / seconds,
        mean_running=running,
        started=int(area[_U["started"]]),
        cold=int(area[_U["cold"]]),
        crashed=int(area[_U["crashed"]]),
    )


def busiest(figures: Sequence[StationFigures]) -> StationFigures | None:
    """The bottleneck: the station whose workers or cores were occupied the most; None where none has a limit."""
    limited = [f for f in figures if f.utilisation is not None]
    return max(limited, key=lambda f: f.utilisation or 0.0) if limited else None
