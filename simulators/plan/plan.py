"""A plan: what is deployed, how it scales and fails, and what a request does in it. Pure data, checked when made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from simulators.plan._rules import filled, named
from simulators.plan._tree_rules import check_cycles, check_size, check_tries
from simulators.plan.errors import InvalidPlan
from simulators.plan.faults import Fault, Kill
from simulators.plan.laws import Law
from simulators.plan.scaling import Autoscaled, PerRequest
from simulators.plan.stations import Station, Unit
from simulators.plan.steps import Step, Visit, check_step, inner_steps


@dataclass(frozen=True)
class Plan:
    """An architecture that can be simulated.

    Raises `InvalidPlan` for an unknown or repeated name, and for a cycle: workers that wait, occupied, for workers that
    wait for them could wait for ever.
    """

    name: str
    units: tuple[Unit, ...]
    request: Step
    """What each request does."""
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        named("plan", self.name)
        filled("units", self.units, "give the plan at least one unit")
        check_step("request", self.request)
        check_size(self.request)
        _different("unit", [unit.name for unit in self.units])
        _different("station", [station.name for station in self.stations])
        for step in walk(self.request):
            if isinstance(step, Visit) and step.station not in self.by_name:
                raise InvalidPlan(
                    "station", step.station, "is not in the plan", f"visit one of {', '.join(self.by_name)}"
                )
            if isinstance(step, Visit) and step.inside is not None and self.by_name[step.station].batching is not None:
                raise InvalidPlan(
                    "inside",
                    step.station,
                    "cannot be called from a batch",
                    "call in sequence, after the batching station",
                )
        for unit in self.units:
            _check_unit(unit)
        for fault in self.faults:
            self._check_fault(fault)
        check_cycles(self.request)
        check_tries(self.request)

    @cached_property
    def stations(self) -> tuple[Station, ...]:
        """All stations, unit by unit."""
        return tuple(station for unit in self.units for station in unit.stations)

    @cached_property
    def by_name(self) -> dict[str, Station]:
        return {station.name: station for station in self.stations}

    @cached_property
    def unit_of(self) -> dict[str, Unit]:
        """Station name to the unit it is part of."""
        return {station.name: unit for unit in self.units for station in unit.stations}

    def _check_fault(self, fault: Fault) -> None:
        if not isinstance(fault, Kill):
            if fault.station not in self.by_name:
                raise InvalidPlan(
                    "station", fault.station, "is not in the plan", f"name one of {', '.join(self.by_name)}"
                )
            return
        units = {unit.name: unit for unit in self.units}
        if fault.unit not in units:
            raise _unknown("unit", fault.unit, units)
        unit = units[fault.unit]
        if isinstance(unit.scaling, PerRequest):
            raise InvalidPlan(
                "unit", fault.unit, "scales per request and cannot be killed", "use the station's error_share"
            )
        if fault.replica is not None and fault.replica >= unit.scaling.most:
            raise InvalidPlan(
                "replica", fault.replica, f"must be from 0 to {unit.scaling.most - 1}", "name one of them"
            )


def one_station(
    service: Law, *, name: str = "station", hop: Law | None = None, unit: Unit | None = None, **station: object
) -> Plan:
    """A plan of a single station that each request visits once; keywords are the station's, `unit` gives the rest.

    >>> one_station(Exponential(1.0), workers=10, queue_limit=0).stations[0].workers
    10
    """
    desk = Station(name, service, **station)  # type: ignore[arg-type]
    home = Unit(name, (desk,)) if unit is None else replace(unit, stations=(desk,))
    return Plan(name, (home,), Visit(name, hop=hop))


def walk(step: Step) -> Iterator[Step]:
    """The step and all inside it, parents first, in order."""
    yield step
    for inner in inner_steps(step):
        yield from walk(inner)


def _unknown(what: str, name: str, known: Iterable[str]) -> InvalidPlan:
    return InvalidPlan(what, name, "is not in the plan", f"name one of {', '.join(known)}")


def _different(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidPlan(what, repeated, "is named twice in the plan", "give each a name of its own")


def _check_unit(unit: Unit) -> None:
    if unit.balancing == "shared_queue" and len(unit.stations) > 1:
        raise InvalidPlan(
            f"balancing of {unit.name}",
            "shared_queue",
            f"needs a unit of one station, and it has {len(unit.stations)}",
            "give the consumers a unit of their own",
        )
    if isinstance(unit.scaling, Autoscaled) and unit.scaling.metric == "utilisation" and unit.cores is None:
        endless = [station.name for station in unit.stations if station.workers is None]
        if endless:
            raise InvalidPlan(
                f"metric of {unit.name}",
                "utilisation",
                f"needs a number of workers or cores, and {', '.join(endless)} has neither",
                "give the unit cores, or scale on in_flight",
            )
