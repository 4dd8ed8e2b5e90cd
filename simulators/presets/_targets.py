"""Which part of a plan a preset disturbs."""

from simulators.plan import Parts, PerRequest, Plan, Unit, Visit, bottleneck, offered_load, walk

_SLOW = ("features", "customers", "model")
"""What goes slow, by preference: what a request has to fetch before anybody can answer it."""


def front(plan: Plan) -> str:
    """The station that a request meets first."""
    return next(step.station for step in walk(plan.request) if isinstance(step, Visit))


def dependency(plan: Plan, factor: float) -> tuple[str, float]:
    """The station that others wait for, and how many times as long it takes when that dependency takes `factor` times.

    Where the dependency is a part of a station that does more, only its part of the mean grows.
    """
    names = [station.name for station in plan.stations]
    for wanted in _SLOW:
        if wanted in names and wanted != front(plan):
            return wanted, factor
    for wanted in _SLOW:
        for station in plan.stations:
            if isinstance(station.service, Parts) and wanted in dict(station.service.parts):
                share = dict(station.service.parts)[wanted].mean_s / station.service.mean_s
                return station.name, 1 + (factor - 1) * share
    return names[-1], factor


def killable(plan: Plan) -> Unit | None:
    """The unit whose replica dies: the bottleneck's, or another one where that one is of functions; None for none."""
    fixed = [unit for unit in plan.units if not isinstance(unit.scaling, PerRequest)]
    busiest = plan.unit_of[bottleneck(plan, 1.0).station]
    return busiest if busiest in fixed else next(iter(fixed), None)


def plain_s(plan: Plan) -> float:
    """Mean seconds that workers work on one request."""
    return sum(load.rate_rps * load.work_s for load in offered_load(plan, 1.0))
