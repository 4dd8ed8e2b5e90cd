"""What is assessed: a plan under its traffic, and what is promised about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from data.errors import InvalidValue
from data.scenario import Slo
from data.workloads.contract import Workload
from simulators.plan import (
    Asynchronous,
    Autoscaled,
    Cached,
    Choice,
    Guard,
    Parallel,
    PerRequest,
    Plan,
    Step,
    Unit,
    Visit,
)
from simulators.plan.steps import inner_steps

REDELIVERY_S = 2.0
"""How long a broker waits for a consumer's word before it hands a request to another one: what streaming sets."""
MONTH_S = 730 * 3600.0
"""A month, as bills count it."""


@dataclass(frozen=True)
class Subject:
    """One candidate, as far as its risk depends on it."""

    plan: Plan
    workload: Workload
    slo: Slo = field(default_factory=Slo)
    strategy: str = "api"
    release: str = "basic"
    """A file in strategies/releases/."""
    timeout_s: float = 5.0
    """After this long users give up."""

    def __post_init__(self) -> None:
        if not self.workload.mean_rate_rps > 0:
            raise InvalidValue("workload", self.workload.mean_rate_rps, "must bring requests", "raise its rate")
        if not self.timeout_s > 0:
            raise InvalidValue("timeout_s", self.timeout_s, "must be above 0", "say when users give up, in seconds")

        # Brokers hand out again what consumers took up and did not finish: no plan says so for itself.
        object.__setattr__(self, "plan", remembering(self.plan))

    @property
    def rate_rps(self) -> float:
        return self.workload.mean_rate_rps

    @property
    def requests_a_month(self) -> float:
        return self.rate_rps * MONTH_S

    @cached_property
    def impatient(self) -> Plan:
        """The plan with users who give up after `timeout_s`."""
        return replace(self.plan, request=Guard(self.plan.request, timeout_s=self.timeout_s))

    @cached_property
    def servers(self) -> tuple[Unit, ...]:
        """Units whose replicas stand ready and may die; a function's instances come and go by themselves."""
        return tuple(unit for unit in self.plan.units if not isinstance(unit.scaling, PerRequest))

    @cached_property
    def required(self) -> frozenset[str]:
        """Units without which some requests end badly."""
        return frozenset(self.plan.unit_of[station].name for station in required(self.plan.request))


def remembering(plan: Plan) -> Plan:
    """The plan whose brokers hand out again, after `REDELIVERY_S`, what a consumer died with."""
    units = tuple(
        replace(unit, stations=tuple(replace(s, redelivery_s=s.redelivery_s or REDELIVERY_S) for s in unit.stations))
        if unit.balancing == "shared_queue"
        else unit
        for unit in plan.units
    )
    return replace(plan, units=units)


def replicas(unit: Unit) -> int:
    """How many replicas stand ready when nothing has happened."""
    return unit.scaling.begins_with if isinstance(unit.scaling, Autoscaled) else unit.scaling.most


def required(step: Step) -> frozenset[str]:
    """Stations without which some requests end badly: not those that are optional, in the background or redundant."""
    return frozenset(_required(step))


def _required(step: Step) -> Iterator[str]:
    match step:
        case Asynchronous() | Guard(optional=True):
            return
        case Visit(station=station):
            yield station
        case Choice(branches=options):
            for share, option in options:
                if share > 0:
                    yield from _required(option)
            return
        case Cached(hit_share=hit_share):
            if hit_share >= 1:
                return
        case Parallel(branches=branches, needed=needed):
            each = [required(branch) for branch in branches]
            spare = len(branches) - needed
            yield from (name for name in frozenset().union(*each) if sum(name in found for found in each) > spare)
            return
        case _:
            pass
    for inner in inner_steps(step):
        yield from _required(inner)


def stale_s(subject: Subject) -> tuple[float, float]:
    """Mean and greatest age of an answer when it is given, in seconds; 0 where each is computed when it is asked for.

    An answer is looked up in the output of the last complete run. With a run every E that takes D ≤ E, its age goes
    from D to D + E, evenly over time. Where a run takes longer, the moments that fall into it are skipped.
    """
    fresh = [station.refresh for station in subject.plan.stations if station.refresh is not None]
    if not fresh:
        return 0.0, 0.0
    ages = []
    for refresh in fresh:
        took_s = refresh.duration.mean_s
        every_s = refresh.every_s * max(1, -(-took_s // refresh.every_s))
        ages.append((took_s + every_s / 2, took_s + every_s))
    return max(mean for mean, _ in ages), max(oldest for _, oldest in ages)
