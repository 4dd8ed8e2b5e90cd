"""Measure a subject, under loads to calibrate by and under those that are held out, and predict the latter."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import NotEstimable
from data.estimates import percentile
from data.profile import AtLoad, ServiceProfile
from data.workloads.bursty import Bursty
from data.workloads.contract import OpenSchedule, Schedule, Workload
from data.workloads.poisson import Poisson
from simulators.calibration import calibrated
from simulators.engines.contract import STATION_TOTALS, Engine, Task
from simulators.fidelity.figures import PERCENTS, Run, answered_ms, between, run_of
from simulators.fidelity.keeping import COLUMNS, About, KeptRun, Material, Purpose
from simulators.fidelity.placement import placed, recent_rps
from simulators.fidelity.plans import CLIENT
from simulators.fidelity.report import FIGURES, Cell, Traffic
from simulators.fidelity.subjects import TIMEOUT_S, Measured
from simulators.plan import Plan
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.profiling.profiling import FEWEST, by_workers
from strategies.profiling.separating import LEAST_S, quantiles

_WORK = STATION_TOTALS.index("work_s")
SIMULATED = 3
"""Each measured run is simulated so often: the prediction's own chance is to be small beside the machine's."""
_RESAMPLES = 400
CALIBRATION_SEED = 7_001
"""Of the traffic that durations are fitted to; no run that a prediction is held against has it."""
_MOST_RPS = 20_000.0
"""A faster embedded model is driven no faster: beyond that the generator's own pace would be what is measured."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to measure."""

    utilisations: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8)
    traffics: tuple[Traffic, ...] = ("poisson", "bursty")
    seconds: float = 2.0
    repeats: int = 12
    """Short runs, and many: a machine that others use as well is now faster and now slower, for seconds."""
    longer: float = 10.0
    """How many times as long a run takes of a subject that is driven at rates of its own."""
    effort: Effort = Effort()  # noqa: RUF009 - frozen
    """Its `loads` are the utilisations to calibrate by, each as long and as often as the held-out ones, its `surges`
    as often."""
    seed: int = 20_260


def measure_subject(subject: Measured, package: ModelPackage, extent: Extent, say: Say) -> Material:
    """Its profile, and its runs: those to calibrate by and those that are held out, in turns in one deployment.

    Repetitions are outermost: what drifts on the machine differs between them, and touches both kinds alike.
    """
    say(f"{subject.name}: profiling")
    profile = subject.profile(package, replace(extent.effort, loads=()))
    grid = _grid(subject, profile, extent)
    repeats = extent.repeats if not subject.rates_rps else max(extent.repeats // 4, 2)
    runs: list[KeptRun] = []
    with subject.deployed(package) as (deployment, rows), subject.clocked() as slowness:
        for repeat in range(repeats):
            say(f"{subject.name}: repetition {repeat + 1} of {repeats}, {len(grid)} runs")
            for purpose, utilisation, traffic, seconds in grid:
                # Held out, the same arrivals every time: what then differs between repetitions is the machine alone.
                seed = extent.seed if purpose == "held out" else CALIBRATION_SEED + repeat
                rate_rps = rate(profile, utilisation)
                schedule = traffic_of(traffic, rate_rps, seconds).schedule(len(rows), seed)
                time.sleep(subject.rest_s)
                driven = drive(deployment, schedule, rows, timeout_s=TIMEOUT_S)
                used_s = (driven.usage_after.cpu_s or 0.0) - (driven.usage_before.cpu_s or 0.0)
                about = About(purpose, utilisation, traffic, rate_rps, seconds, seed, len(rows), used_s)
                lasted_s = max(seconds, float(np.max(driven.columns["end_s"], initial=0.0)))
                slow = slowness.of(driven.began_s, driven.began_s + lasted_s)
                runs.append(KeptRun(about, {name: driven.columns[name] for name in COLUMNS}, slow))
    return Material(subject.name, profile, tuple(runs))


def _grid(subject: Measured, profile: ServiceProfile, extent: Extent) -> list[tuple[Purpose, float, Traffic, float]]:
    """The runs of one repetition: what for, at which share of the capacity, which traffic, and how many seconds."""
    if subject.rates_rps:
        shares = [rate_rps / profile.capacity_rps for rate_rps in subject.rates_rps]
        return [("held out", share, "poisson", extent.longer * extent.seconds) for share in shares]
    effort = extent.effort
    # Whoever is refused at a function that is full comes too late to tell anything about how it gets going.
    surges = effort.surges if subject.host != "function" else ()
    grid: list[tuple[Purpose, float, Traffic, float]] = []
    grid += [("calibration", load, "poisson", extent.seconds) for load in effort.loads]
    grid += [("surge", load, "poisson", effort.surge_s) for load in surges]
    return grid + [("held out", u, t, extent.seconds) for u in extent.utilisations for t in extent.traffics]


def fitted(subject: Measured, material: Material) -> ServiceProfile:
    """The profile, its durations fitted to the calibration runs and to no other."""
    seen: dict[tuple[float, bool], list[KeptRun]] = {}
    for run in (*material.of("calibration"), *material.of("surge")):
        seen.setdefault((run.about.rate_rps, run.about.purpose == "surge"), []).append(run)
    found = (_at_load(material.profile, *which, runs) for which, runs in sorted(seen.items(), key=lambda pair: pair[0]))
    at_load = tuple(at for at in found if at is not None)
    return calibrated(replace(material.profile, at_load=at_load), subject.plan)


def _at_load(profile: ServiceProfile, rate_rps: float, surge: bool, runs: Sequence[KeptRun]) -> AtLoad | None:
    """As in the report: medians over repetitions, so that one stall of the machine does not make the law."""
    answered_s = [answered_ms(run.columns) / 1e3 for run in runs]
    told = [quantiles(latency_s) for latency_s in answered_s if len(latency_s) >= FEWEST]
    if not told:
        return None
    latency_s = tuple(np.maximum(np.median(told, axis=0), LEAST_S).tolist())
    cpu_s = [run.about.cpu_s / len(mine) for run, mine in zip(runs, answered_s, strict=True) if len(mine)]
    used_s = float(np.median(cpu_s))
    told_cpu_s = used_s if used_s > 0 and by_workers(profile) and not surge else None
    return AtLoad(rate_rps, latency_s, runs[0].about.duration_s, told_cpu_s, surge)


def cells(subject: Measured, material: Material, profile: ServiceProfile) -> tuple[Cell, ...]:
    """Every held-out run beside what the profile predicts of it."""
    alike: dict[tuple[float, Traffic], list[KeptRun]] = {}
    for run in material.of("held out"):
        alike.setdefault((run.about.utilisation, run.about.traffic), []).append(run)
    found: list[Cell] = []
    for (utilisation, traffic), runs in alike.items():
        about = (subject.name, subject.strategy, subject.host, utilisation, runs[0].about.rate_rps, traffic)
        measured = [run_of(run.columns, run.about.duration_s, run.about.cpu_s) for run in runs]
        schedule = arrivals(runs[0].about)
        plan = subject.plan(profile.under(runs[0].about.rate_rps))
        plan = placed(plan, profile, recent_rps(schedule.at_s, schedule.duration_s), CLIENT)
        again = [run.about for run in runs] * SIMULATED
        predicted = [predict(plan, profile, arrivals(each), each.seed + i) for i, each in enumerate(again)]
        rival = between(material, utilisation)
        found += [_cell(about, figure, measured, predicted, rival.get(figure)) for figure in FIGURES]
    return tuple(found)


def arrivals(about: About) -> OpenSchedule:
    """The run's arrivals once more."""
    made = traffic_of(about.traffic, about.rate_rps, about.duration_s).schedule(about.rows, about.seed)
    assert isinstance(made, OpenSchedule)
    return made


def rate(profile: ServiceProfile, utilisation: float) -> float:
    """Requests per second that make this share of the capacity that calibration found."""
    return min(profile.capacity_rps, _MOST_RPS) * utilisation


def traffic_of(traffic: Traffic, rate_rps: float, seconds: float) -> Workload:
    """Poisson, or calm at half the rate for three quarters of the time and bursts at two and a half times the rate."""
    if traffic == "poisson":
        return Poisson(rate_rps=rate_rps, duration_s=seconds)
    return Bursty(calm_rps=rate_rps / 2, burst_rps=rate_rps * 2.5, calm_s=0.3, burst_s=0.1, duration_s=seconds)


def predict(plan: Plan, profile: ServiceProfile, schedule: Schedule, seed: int) -> Run:
    """Simulate the same arrivals."""
    assert isinstance(schedule, OpenSchedule)
    engine: Engine = kind("simulators.engines", Engine, "kernel")()  # type: ignore[type-abstract]
    outcome = engine.run(Task(plan, schedule, seed))
    assert outcome.rows is not None
    served = [i for i, station in enumerate(plan.stations) if station.name != CLIENT]
    work_s = float(outcome.totals[served, _WORK].sum())
    share = min(profile.cpu_s / (profile.next_s or profile.occupancy_s), 1.0) if profile.cpu_s else 0.0
    return run_of(outcome.rows, schedule.duration_s, work_s * (1.0 if profile.serve_s else share))


_Place = tuple[str, str, str, float, float, Traffic]


def _cell(
    about: _Place, figure: str, measured: Sequence[Run], predicted: Sequence[Run], naive: float | None = None
) -> Cell:
    ours, theirs = _figure(figure, predicted), _figure(figure, measured)
    values = np.array([run.figures[figure] for run in measured if figure in run.figures])
    middle = float(np.median(values)) if len(values) else 0.0
    # Between two repetitions, at the median of all pairs: it does not grow with their number, as a range would.
    noise = float(np.median([abs(a - b) for a, b in combinations(values, 2)] or [0.0]))
    floor = _floor(values) if len(values) > 1 else 0.0
    if figure != "cold_share":
        noise, floor = (noise / middle, floor / middle) if middle else (0.0, 0.0)
    n = sum(len(run.latency_ms) for run in measured)
    return Cell(*about, figure, *theirs, *ours, noise=noise, runs=len(measured), n=n, naive=naive, floor=floor)


def _floor(values: NDArray[np.float64]) -> float:
    """How far the repetitions' median is from what it would be of other repetitions, at the median (bootstrap)."""
    picks = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    return float(np.median(np.abs(np.median(values[picks], axis=1) - np.median(values))))


def _figure(figure: str, runs: Sequence[Run]) -> tuple[float | None, float | None, float | None]:
    """The runs' median, and an interval: a percentile's over all samples, widened to the runs' own range."""
    values = [run.figures[figure] for run in runs if figure in run.figures]
    if not values:
        return None, None, None
    low, high = min(values), max(values)
    if figure in PERCENTS:
        try:
            pooled = percentile(np.concatenate([run.latency_ms for run in runs]), PERCENTS[figure])
        except NotEstimable:
            return None, None, None
        low, high = min(low, pooled.low), max(high, pooled.high)
    return float(np.median(values)), low, high
