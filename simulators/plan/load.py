"""The load that a plan is offered, before anything is simulated: which station is the bottleneck, and is it too much?

The utilisation law: ρ = λ · V · E[S] / c, with arrival rate λ, visits per request V, mean service E[S] and c workers
(or cores). Retries are not counted, so it is what the first tries ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from simulators.plan.plan import Plan
from simulators.plan.scaling import PerRequest
from simulators.plan.stations import Batching, Station, Unit
from simulators.plan.steps import Asynchronous, Cached, Choice, Guard, Parallel, Sequence, Step, Visit


@dataclass(frozen=True, slots=True)
class Load:
    """What one station is asked to do at a given arrival rate."""

    station: str
    rate_rps: float
    """First tries that reach it."""
    work_s: float
    """Mean seconds for which one of them occupies a worker (or needs a core)."""
    capacity: float
    """Workers (or cores) of all replicas there can be; inf where nobody ever waits."""
    utilisation: float
    """Offered load over capacity; 1 and above is more than it can do."""


def offered_load(plan: Plan, rate_rps: float) -> tuple[Load, ...]:
    """The load of each station, in the plan's order; stations of a unit with cores share one utilisation."""
    visits: dict[str, float] = {}
    work: dict[str, float] = {}
    for visit, share in _visits(plan.request, 1.0):
        visits[visit.station] = visits.get(visit.station, 0.0) + share
        work[visit.station] = work.get(visit.station, 0.0) + share * _occupied_s(plan, visit)
    return tuple(_load(unit, station, rate_rps, visits, work) for unit in plan.units for station in unit.stations)


def bottleneck(plan: Plan, rate_rps: float) -> Load:
    """The station with the highest offered utilisation."""
    return max(offered_load(plan, rate_rps), key=lambda load: load.utilisation)


def overload_warnings(plan: Plan, rate_rps: float) -> tuple[str, ...]:
    """One sentence for each station that is offered as much as it can do or more, with the remedy."""
    return tuple(_warning(plan, load) for load in offered_load(plan, rate_rps) if load.utilisation >= 1)


def _warning(plan: Plan, load: Load) -> str:
    station = plan.by_name[load.station]
    so = (
        "the line grows as long as this traffic lasts" if station.queue_limit is None else "it must refuse some of them"
    )
    return (
        f"station {load.station!r} is offered {load.utilisation:.2f} times what it can do "
        f"({load.rate_rps:g} requests/s × {1000 * load.work_s:g} ms on {load.capacity:g}): {so}. "
        "Add workers or replicas, or lower the rate."
    )


def _load(unit: Unit, station: Station, rate_rps: float, visits: dict[str, float], work: dict[str, float]) -> Load:
    name = station.name
    mean = work.get(name, 0.0) / visits[name] if visits.get(name) else 0.0
    capacity = _capacity(unit, station)
    if unit.cores is None:
        busy = rate_rps * work.get(name, 0.0)
    else:
        busy = rate_rps * sum(visits.get(s.name, 0.0) * _service_s(s) for s in unit.stations)
    return Load(name, rate_rps * visits.get(name, 0.0), mean, capacity, busy / capacity)


def _capacity(unit: Unit, station: Station) -> float:
    if isinstance(unit.scaling, PerRequest):
        return float(unit.scaling.concurrency)
    if unit.cores is not None:
        return unit.scaling.most * unit.cores
    return inf if station.workers is None else float(unit.scaling.most * station.workers)


def _service_s(station: Station) -> float:
    """Mean time that one job occupies a worker, at the best batch size."""
    batching = station.batching
    if batching is None:
        return station.service.mean_s
    sizes = [size for size, _ in batching.by_size]
    most = batching.max_size if isinstance(batching, Batching) else sizes[-1]
    return float(np.interp(most, sizes, [law.mean_s for _, law in batching.by_size])) / most


def _occupied_s(plan: Plan, visit: Visit) -> float:
    inside = 0.0 if visit.inside is None else _least_s(plan, visit.inside)
    return _service_s(plan.by_name[visit.station]) + inside


def _least_s(plan: Plan, step: Step) -> float:
    """Mean duration of a step if nobody had to wait (of branches in parallel: at least the longest mean)."""
    match step:
        case Visit(station=name, hop=hop):
            delay = plan.by_name[name].delay
            extra = (2 * hop.mean_s if hop else 0.0) + (delay.mean_s if delay else 0.0)
            return _occupied_s(plan, step) + extra
        case Sequence(steps=steps):
            return sum(_least_s(plan, inner) for inner in steps)
        case Parallel(branches=branches, needed=needed):
            return sorted(_least_s(plan, inner) for inner in branches)[needed - 1]
        case Choice(branches=options):
            return sum(share * _least_s(plan, inner) for share, inner in options)
        case Cached(miss=miss, hit_share=hit, lookup=lookup):
            return (lookup.mean_s if lookup else 0.0) + (1 - hit) * _least_s(plan, miss)
        case Asynchronous():
            return 0.0
        case Guard(step=inner, timeout_s=timeout_s):
            return min(_least_s(plan, inner), inf if timeout_s is None else timeout_s)


def _visits(step: Step, share: float) -> Iterator[tuple[Visit, float]]:
    """Every visit in the tree with its mean number per request."""
    match step:
        case Visit(inside=inside):
            yield step, share
            if inside is not None:
                yield from _visits(inside, share)
        case Sequence(steps=steps) | Parallel(branches=steps):
            for inner in steps:
                yield from _visits(inner, share)
        case Choice(branches=options):
            for part, inner in options:
                yield from _visits(inner, share * part)
        case Cached(miss=miss, hit_share=hit):
            yield from _visits(miss, share * (1 - hit))
        case Asynchronous(step=inner) | Guard(step=inner):
            yield from _visits(inner, share)
