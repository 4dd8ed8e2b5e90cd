"""Which visits can be worked out whole on arrival: nothing that happens later can change them, and nobody needs to see
them happen. `ahead` and `functions_ahead` do it."""

from __future__ import annotations

from simulators.plan import Autoscaled, Fixed, Kill, PerRequest, Plan, Station, Unit, Visit, walk

_LONGEST_RING = 4_096


def ahead(plan: Plan, unit: Unit, station: Station) -> bool:
    """Whether visits to the station are like that."""
    if isinstance(unit.scaling, PerRequest):  # nobody waits in line, and starts do not hold each other up
        return station.queue_limit == 0 and station.refresh is None and unit.scaling.start_cores is None
    simple = station.batching is None and station.refresh is None and not station.drop_abandoned
    short = station.queue_limit is None or station.queue_limit <= _LONGEST_RING
    alone = unit.cores is None and not _holds(plan, station)
    return simple and short and alone and never_fails(plan, unit) and _blind(unit)


def never_fails(plan: Plan, unit: Unit) -> bool:
    """Whether none of its replicas crashes."""
    return unit.crash is None and not any(isinstance(f, Kill) and f.unit == unit.name for f in plan.faults)


def _holds(plan: Plan, station: Station) -> bool:
    """Whether a worker waits for calls that are made from inside a visit."""
    visits = (step for step in walk(plan.request) if isinstance(step, Visit))
    return any(visit.station == station.name and visit.inside is not None for visit in visits)


def _blind(unit: Unit) -> bool:
    """Whether neither the balancer nor an autoscaler looks at how many requests are in a replica."""
    by_turns = unit.balancing in ("random", "round_robin")
    if isinstance(unit.scaling, Autoscaled):
        counted = len(unit.stations) == 1 and unit.stations[0].workers is not None
        return by_turns and counted and unit.scaling.metric == "utilisation"
    return isinstance(unit.scaling, Fixed) and (by_turns or (unit.scaling.most == 1 and not _shared(unit)))


def _shared(unit: Unit) -> bool:
    return unit.balancing == "shared_queue"
