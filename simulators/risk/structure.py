"""What the plan alone says: its availability by closed forms, and its single points of failure."""

from collections.abc import Mapping

from simulators.plan import PerRequest, Unit
from simulators.risk import availability
from simulators.risk.faults.broker_loss import brokered
from simulators.risk.subject import MONTH_S, Subject, replicas

Assumed = Mapping[str, Mapping[str, float]]
"""Values of every fault's settings, by fault."""


def availability_of(subject: Subject, assumed: Assumed) -> float:
    """Share of time in which at least one replica of everything that requests need is up: units in series, their
    replicas in parallel, each in its zone, and the broker where there is one."""
    parts = [_unit(unit, assumed) for unit in subject.plan.units if unit.name in subject.required]
    if brokered(subject.plan):
        loss = assumed["broker_loss"]
        parts.append(availability.of_part(loss["per_month"], loss["lasts_s"], MONTH_S))
    return availability.series(parts)


def _unit(unit: Unit, assumed: Assumed) -> float:
    if isinstance(unit.scaling, PerRequest):
        return 1.0  # whenever a request comes, the provider starts an instance where one can run
    crash, zone = assumed["crash"], assumed["zone_loss"]
    start_s = unit.start_up.mean_s if unit.start_up else 0.0
    replica = availability.of_part(crash["per_month"], crash["lasts_s"] + start_s, MONTH_S)
    zones = int(zone["zones"])
    return availability.zoned(
        replicas(unit), replica, zones, availability.of_part(zone["per_month"] / zones, zone["lasts_s"], MONTH_S)
    )


def single_points(subject: Subject) -> tuple[str, ...]:
    """What alone takes requests down when it dies: units of one replica that requests need, and a single broker."""
    found = [
        f"{unit.name}: one replica" for unit in subject.servers if unit.name in subject.required and replicas(unit) == 1
    ]
    return (*found, *(["broker: one server"] if brokered(subject.plan) else []))
