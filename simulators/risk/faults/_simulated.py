"""Faults that are simulated: the same stretch of traffic with the fault and without, and what the fault added.

Both runs meet the same requests with the same draws, so that what would have gone wrong anyhow cancels out. A fault
that lasts longer than a run can show is simulated for part of its time; what the rest of it does is taken to go on as
in the second half of that part.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from data.trace import Trace
from data.workloads.contract import OpenSchedule
from simulators.plan import Crash, Deterministic, Kill, PerRequest, Plan, Slow, Unit
from simulators.plan import Fault as Disturbance
from simulators.risk import effects
from simulators.risk.effects import Effect
from simulators.risk.faults.contract import BEFORE, Extent, Fault
from simulators.risk.subject import Subject
from simulators.risk.traffic import busier, schedule_of, stretch
from simulators.runs.replications import seeds
from simulators.runs.result import SimulationResult
from simulators.simulate import simulate

_DURING = 0.55
"""Share of a run that a fault lasts at most; what comes after it shows the recovery."""
_LONGEST_S, _SHORTEST_S = 3_600.0, 5.0
_NEVER_S = 1e9


@dataclass(frozen=True, slots=True)
class Strike:
    """One occurrence, as a run meets it."""

    faults: tuple[Disturbance, ...] = ()
    plan: Plan | None = None
    """The plan that is disturbed, where it is not the subject's own."""
    traffic: float = 1.0
    """Times as many requests while it lasts."""
    from_cold: bool = False
    """Whether everything starts anew at the strike, with nothing running."""


class SimulatedFault(Fault):
    """A kind says how long it lasts and what it does to the plan."""

    def lasts_s(self, subject: Subject, values: Mapping[str, float]) -> float:  # noqa: ARG002
        """How long one occurrence disturbs."""
        return values["lasts_s"]

    @abstractmethod
    def strike(self, subject: Subject, values: Mapping[str, float], at_s: float, lasts_s: float, pick: float) -> Strike:
        """What happens at `at_s`; `lasts_s` may be shorter than the fault, and `pick`, uniform in [0, 1), chooses."""

    def occurrences(self, subject: Subject, values: Mapping[str, float], extent: Extent) -> tuple[Effect, ...]:
        whole_s = self.lasts_s(subject, values)
        seconds = run_s(subject, extent)
        at_s, lasts_s = BEFORE * seconds, min(whole_s, _DURING * seconds)
        picks = np.random.default_rng(extent.seed).uniform(size=extent.runs)
        strikes = [self.strike(subject, values, at_s, lasts_s, float(pick)) for pick in picks]
        span = Span(seconds, at_s, lasts_s, whole_s)
        return tuple(
            _occurrence(subject, strike, span, seed, extent)
            for strike, seed in zip(strikes, seeds(extent.seed, extent.runs), strict=True)
        )


@dataclass(frozen=True, slots=True)
class Span:
    """When a run's fault strikes."""

    seconds: float
    at_s: float
    lasts_s: float
    """As far as it is simulated."""
    whole_s: float
    """As long as it lasts."""


def run_s(subject: Subject, extent: Extent) -> float:
    """Length of a run: as long as the requests last, an hour at most."""
    return min(max(extent.requests / subject.rate_rps, _SHORTEST_S), _LONGEST_S)


@lru_cache(maxsize=32)
def undisturbed(subject: Subject, seconds: float, seed: int) -> tuple[OpenSchedule, SimulationResult]:
    """A stretch of traffic, and the run in which nothing strikes."""
    schedule = stretch(subject.workload, seconds, seed)
    return schedule, run(subject.impatient, schedule, seed)


def run(plan: Plan, schedule: OpenSchedule, seed: int) -> SimulationResult:
    """Simulate a stretch; nothing of it is warm-up."""
    return simulate(plan, schedule, seed=seed, warm_up_s=0.0, watch=(), bins=1)


def _occurrence(subject: Subject, strike: Strike, span: Span, seed: int, extent: Extent) -> Effect:
    if extent.cancelled is not None and extent.cancelled():
        from data.errors import Cancelled

        raise Cancelled("The assessment was cancelled.")
    schedule, calm = undisturbed(subject, span.seconds, seed)
    met = schedule
    if strike.traffic != 1.0:
        other = stretch(subject.workload, span.seconds, seed + 1)
        met = busier(schedule, other, strike.traffic, span.at_s, span.at_s + span.lasts_s)
    if strike.from_cold:
        late_on = schedule_of(schedule.at_s[schedule.at_s >= span.at_s] - span.at_s, span.seconds - span.at_s)
        return _compared(subject, run(subject.impatient, late_on, seed), calm, span, shift_s=span.at_s)
    plan = subject.impatient if strike.plan is None else replace(strike.plan, request=subject.impatient.request)
    return _compared(subject, run(replace(plan, faults=(*plan.faults, *strike.faults)), met, seed), calm, span)


def _compared(
    subject: Subject, hit: SimulationResult, calm: SimulationResult, span: Span, shift_s: float = 0.0
) -> Effect:
    """What the run with the fault has more; `shift_s` is how much later its own zero lies."""
    trace, usual, slo = _trace(hit), _trace(calm), subject.slo
    at_s, seconds = span.at_s - shift_s, span.seconds - shift_s
    failed, tardy = effects.bad_counts(trace, slo, at_s)
    usual_failed, usual_tardy = effects.bad_counts(usual, slo, span.at_s)
    missed = effects.missed_s(trace, slo, seconds, at_s) - effects.missed_s(usual, slo, span.seconds, span.at_s)
    took_s, seen = effects.recovery_s(trace, slo, at_s)
    until_s = at_s + max(took_s, span.lasts_s, 1.0)
    # What the rest of a long fault does, at the pace of its later half.
    rest_s, half_s = span.whole_s - span.lasts_s, span.lasts_s / 2
    more_failed, more_tardy = effects.bad_counts(trace, slo, at_s + half_s, at_s + span.lasts_s)
    usual_more = effects.bad_counts(usual, slo, span.at_s + half_s, span.at_s + span.lasts_s)
    again = rest_s / half_s if half_s and rest_s > 0 else 0.0
    lasting = took_s >= span.lasts_s * 0.999
    return Effect(
        failed=max(failed - usual_failed + again * (more_failed - usual_more[0]), 0.0),
        late=max(tardy - usual_tardy + again * (more_tardy - usual_more[1]), 0.0),
        lost=float(sum(station.lost for station in hit.stations if _forgets(hit.plan, station.name))),
        missed_s=max(missed, 0.0) + (rest_s if again and lasting else 0.0),
        recovery_s=(took_s if seen else max(took_s, span.lasts_s)) + (rest_s if again and lasting else 0.0),
        affected_share=effects.affected_share(trace, slo, at_s, min(until_s, seconds)),
    )


def _forgets(plan: Plan, station: str) -> bool:
    """Whether what a dead replica held there is gone; a broker hands it out again."""
    return plan.by_name[station].redelivery_s is None


def _trace(result: SimulationResult) -> Trace:
    assert result.trace is not None
    return result.trace


def killed(unit: Unit, slots: tuple[int, ...] | None, at_s: float, down_s: float) -> tuple[Disturbance, ...]:
    """Kills of some of a unit's replicas, or of all."""
    if slots is None:
        return (Kill(unit.name, at_s, down_s, replica=None),)
    return tuple(Kill(unit.name, at_s, down_s, replica=slot) for slot in slots)


def noticed(plan: Plan, detect_s: float) -> Plan:
    """The plan whose balancers find out `detect_s` late that a replica is dead; no replica crashes by itself."""
    units = tuple(
        unit
        if isinstance(unit.scaling, PerRequest)
        else replace(unit, crash=Crash(Deterministic(_NEVER_S), Deterministic(1.0), detect_s))
        for unit in plan.units
    )
    return replace(plan, units=units)


def slowed(station: str, at_s: float, lasts_s: float, factor: float) -> tuple[Disturbance, ...]:
    return (Slow(station, at_s, at_s + lasts_s, factor),)
