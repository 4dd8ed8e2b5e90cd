"""What simulation says of a drill: from a profile and a few real strikes to the spread of many simulated ones.

A few strikes are spent on finding out how long what was killed stays away, or how much work starting it again is; the
prediction is then about others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from data.discovery import kind
from data.profile import ServiceProfile
from data.trace import Status, Trace
from simulators.architectures.contract import Architecture
from simulators.plan import Guard, Kill, Plan
from simulators.risk.faults._simulated import run
from simulators.risk.real.injecting import Drill, Injected, Outcome, inject
from simulators.risk.real.starting import Seen, Sharing, answered_s, fitted
from simulators.risk.subject import remembering
from simulators.risk.traffic import schedule_of
from strategies.contract import Limits, Strategy
from strategies.hosts.contract import Host
from strategies.loadgen.driving import CHORE_S
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort, Subject, profile_strategy, with_cold_starts

_EFFORT = Effort(warm_up_s=0.5, saturated_s=3.0, pausing_s=1.0, bursts=10, model_s=0.05, loads=())
RESOLUTION_S = CHORE_S
"""The load generator looks for what died and what is overdue so often."""
_LOAD, _STARTING = 0.25, 0.5
_LONGEST = 3.0
_GONE_S = 1e6
"""Longer than any run: nobody restarts it."""
_PATIENT_S = 10.0
_LEAST_S = 1e-3
_Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of a deployment before the strikes that are predicted."""

    profile: ServiceProfile
    away_s: tuple[float, ...] = ()
    """How long what was killed stayed away, in strikes of their own; of a function, the work of starting an instance
    while no other starts. Empty where nobody restarts it."""
    sharing: Sharing = Sharing()  # noqa: RUF009 - frozen
    """Of a function: how instances that start at the same time share the machine."""
    spread: float = 0.0
    """Of a function: standard deviation of the logarithm of a start's work within a strike."""


def calibrate(
    drill: Drill, package: ModelPackage, rows: NDArray[np.float32], strikes: int = 6, seed: int = 900
) -> Calibration:
    """Profile the deployment, and strike it a few times with patient users to see how long it stays away."""
    strategy = kind("strategies", Strategy, drill.strategy)()  # type: ignore[type-abstract]
    host = kind("strategies.hosts", Host, drill.host)()  # type: ignore[type-abstract]
    limits = Limits(workers=drill.workers, timeout_s=10.0)
    subject = Subject(drill.name, drill.strategy, drill.host, drill.workers, one_each=drill.host == "function")
    profile = profile_strategy(strategy, host, package, rows, limits, subject, _EFFORT)
    if drill.host == "function":
        profile = with_cold_starts(profile, strategy, host, package, rows, limits, seconds=4.0)
    known = Calibration(profile)
    if not drill.comes_back:
        return known
    return learnt(drill, known, [practise(drill, package, rows, seed + i) for i in range(strikes)])


def practise(drill: Drill, package: ModelPackage, rows: NDArray[np.float32], seed: int) -> Injected:
    """One real strike with patient users, to learn from."""
    return inject(replace(drill, timeout_s=_PATIENT_S), package, rows, seed)


def learnt(drill: Drill, known: Calibration, practised: Sequence[Injected]) -> Calibration:
    """The calibration with what strikes showed that were made to learn from them."""
    if drill.name != "function":
        return replace(known, away_s=tuple(_away_s(struck) for struck in practised))
    seen = [_starts(struck) for struck in practised]
    sharing = fitted(seen, known.profile.cores)
    logs = [np.log(np.maximum(strike.work_s(sharing) - known.profile.occupancy_s, _LEAST_S)) for strike in seen]
    freedom = sum(len(each) - 1 for each in logs)
    spread = float(np.sqrt(sum(each.var() * len(each) for each in logs) / freedom)) if freedom else 0.0
    return replace(known, away_s=tuple(float(np.exp(each.mean())) for each in logs), sharing=sharing, spread=spread)


def paced(drill: Drill, known: Calibration) -> Drill:
    """The drill with traffic that the machine has room for now.

    That is a quarter of what the profile says it can do, at most; of a function, also no more than that the starts of
    one for each request would take half of the processors. Beyond that, what else the machine does decides who fails,
    and not the strike. Where it must be slower, the run after the strike is as much longer, up to three times, so that
    as many requests meet what is left of it.
    """
    profile = known.profile
    rates = [drill.rate_rps, _LOAD * profile.capacity_rps]
    if drill.host == "function":
        rates.append(_STARTING * profile.cores / float(np.mean([start.total_s for start in profile.cold_starts])))
    longer = min(drill.rate_rps / min(rates), _LONGEST)
    return replace(drill, rate_rps=min(rates), seconds=drill.at_s + (drill.seconds - drill.at_s) * longer)


def _away_s(struck: Injected) -> float:
    """From the strike until the first request that came after it was answered."""
    trace, at_s = struck.trace, struck.at_s
    after = trace.scheduled_s >= at_s
    return float(trace.end_s[trace.ok & after].min() - at_s)


def _starts(struck: Injected) -> Seen:
    """The instances that requests after the strike made the host start."""
    trace = struck.trace
    cold = trace.ok & trace.cold & (trace.scheduled_s >= struck.at_s)
    return Seen(trace.scheduled_s[cold], trace.end_s[cold])


def predict(drill: Drill, known: Calibration, runs: int = 200, seed: int = 1) -> tuple[Outcome, ...]:
    """Outcomes of many simulated strikes, each with traffic of its own."""
    plan = _plan(drill, known)
    rng = default_rng(seed)
    return tuple(Outcome.of(_simulated(drill, plan, known, rng, seed + i), drill.at_s) for i in range(runs))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The central 95% of simulated values, ends included.

    What is measured is known to `RESOLUTION_S`: widen an interval of times by that before comparing.
    """
    low, high = np.quantile(np.asarray(values, np.float64), (0.025, 0.975), method="closest_observation")
    return float(low), float(high)


def _plan(drill: Drill, known: Calibration) -> Plan:
    """The architecture in which it really runs."""
    name = "serverless" if drill.host == "function" else "traditional"
    settings = {} if drill.host == "function" else {"model_replicas": drill.workers}
    made = kind("simulators.architectures", Architecture, name)()  # type: ignore[type-abstract]
    plan = remembering(made.plan(known.profile, strategy=drill.strategy, settings=settings))
    return replace(plan, request=Guard(plan.request, timeout_s=drill.timeout_s))


def _simulated(drill: Drill, plan: Plan, known: Calibration, rng: Generator, seed: int) -> Trace:
    at_s = drill.workload.arrivals(default_rng(seed + 10_000))
    schedule = schedule_of(at_s, drill.seconds)
    unit = plan.units[-1]
    if drill.host != "function":
        down_s = _next(known.away_s, rng) if known.away_s else _GONE_S
        kill = Kill(unit.name, drill.at_s, down_s, 0 if drill.name == "replica" else None)
        return _rows(run(replace(plan, faults=(kill,)), schedule, seed).trace)
    warm_s = 2.0  # requests before the run, by which an instance stands ready
    before = schedule_of(np.concatenate([[0.0], warm_s + at_s[at_s < drill.at_s]]), warm_s + drill.at_s)
    first = _rows(run(plan, before, seed).trace)
    return _joined(first, _afresh(at_s[at_s >= drill.at_s], drill, known, rng), warm_s, drill.at_s)


def _afresh(at_s: NDArray[np.float64], drill: Drill, known: Calibration, rng: Generator) -> _Columns:
    """What becomes of requests after all instances died: the host starts one for each that finds none idle."""
    alike_s = _next(known.away_s, rng)
    work_s = alike_s * np.exp(known.spread * rng.standard_normal(len(at_s)))
    ends_s = answered_s(at_s - drill.at_s, work_s, known.profile.occupancy_s, known.sharing) + drill.at_s
    late = ends_s - at_s > drill.timeout_s
    return {
        "scheduled_s": at_s,
        "end_s": np.where(late, at_s + drill.timeout_s, ends_s),
        "status": np.where(late, Status.TIMEOUT, Status.OK).astype(np.uint8),
    }


def _next(seen: Sequence[float], rng: Generator) -> float:
    """A further one of what was seen a few times: lognormal, with what so few cannot know in Student's law."""
    logs = np.log(np.asarray(seen, np.float64))
    spread = max(float(logs.std(ddof=1)), 0.02) * np.sqrt(1 + 1 / len(logs))
    return float(np.exp(logs.mean() + spread * rng.standard_t(len(logs) - 1)))


def _rows(trace: Trace | None) -> Trace:
    assert trace is not None
    return trace


def _joined(first: Trace, second: _Columns, warm_s: float, at_s: float) -> Trace:
    """Before and after the strike as one run; what was in service at the strike failed."""
    kept = first.where(first.scheduled_s >= warm_s)
    under_way = kept.end_s > warm_s + at_s
    before: _Columns = {
        "scheduled_s": kept.scheduled_s - warm_s,
        "end_s": np.minimum(kept.end_s - warm_s, at_s),
        "status": np.where(under_way, Status.ERROR, kept.status).astype(np.uint8),
    }
    columns = {name: np.concatenate([before[name], second[name]]) for name in before}
    return Trace.build(columns, versions=first.versions, usage=first.usage, provenance=first.provenance)
