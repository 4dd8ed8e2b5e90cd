"""Measure a subject, under loads to calibrate by and under those that are held out, and predict the latter."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import NotEstimable
from data.estimates import percentile
from data.profile import AtLoad, ServiceProfile
from data.trace import Status
from data.workloads.bursty import Bursty
from data.workloads.contract import OpenSchedule, Schedule, Workload
from data.workloads.poisson import Poisson
from simulators.calibration import calibrated
from simulators.engines.contract import STATION_FIELDS, Engine, Task
from simulators.fidelity.keeping import COLUMNS, About, KeptRun, Material, Purpose
from simulators.fidelity.plans import CLIENT, as_measured
from simulators.fidelity.report import FIGURES, Cell, Traffic
from simulators.fidelity.subjects import IDLE_EXPIRY_S, TIMEOUT_S, Measured
from simulators.plan import Plan
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.profiling.profiling import FEWEST
from strategies.profiling.separating import LEAST_S, quantiles

_PERCENTS = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
_BUSY = STATION_FIELDS.index("busy_s")
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
    seconds: float = 3.0
    repeats: int = 5
    effort: Effort = Effort()  # noqa: RUF009 - frozen
    """Its `loads` are the utilisations to calibrate by, each as long and as often as the held-out ones."""
    seed: int = 20_260


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one run gave, measured or simulated."""

    latency_ms: NDArray[np.float64]
    """Of those that were answered, (n,)."""
    figures: Mapping[str, float]


def measure_subject(subject: Measured, package: ModelPackage, extent: Extent, say: Say) -> Material:
    """Its profile, and its runs: those to calibrate by and those that are held out, in turns in one deployment.

    Repetitions are outermost: what drifts on the machine differs between them, and touches both kinds alike.
    """
    say(f"{subject.name}: profiling")
    profile = subject.profile(package, replace(extent.effort, loads=()))
    grid: list[tuple[Purpose, float, Traffic]] = [("calibration", load, "poisson") for load in extent.effort.loads]
    grid += [("held out", u, t) for u in extent.utilisations for t in extent.traffics]
    runs: list[KeptRun] = []
    with subject.deployed(package) as (deployment, rows):
        for repeat in range(extent.repeats):
            say(f"{subject.name}: repetition {repeat + 1} of {extent.repeats}, {len(grid)} runs")
            for purpose, utilisation, traffic in grid:
                # Held out, the same arrivals every time: what then differs between repetitions is the machine alone.
                seed = CALIBRATION_SEED + repeat if purpose == "calibration" else extent.seed
                rate_rps = rate(profile, utilisation)
                schedule = traffic_of(traffic, rate_rps, extent.seconds).schedule(len(rows), seed)
                time.sleep(subject.rest_s)
                driven = drive(deployment, schedule, rows, timeout_s=TIMEOUT_S)
                used_s = (driven.usage_after.cpu_s or 0.0) - (driven.usage_before.cpu_s or 0.0)
                about = About(purpose, utilisation, traffic, rate_rps, extent.seconds, seed, len(rows), used_s)
                runs.append(KeptRun(about, {name: driven.columns[name] for name in COLUMNS}))
    return Material(subject.name, profile, tuple(runs))


def fitted(material: Material) -> ServiceProfile:
    """The profile, its durations fitted to the calibration runs and to no other."""
    seen: dict[float, list[NDArray[np.float64]]] = {}
    for run in material.of("calibration"):
        latency_s = _answered_ms(run.columns) / 1e3
        if len(latency_s) >= FEWEST:
            seen.setdefault(run.about.rate_rps, []).append(quantiles(latency_s))
    # As in the report: the median over repetitions, so that one stall of the machine does not make the law.
    at_load = tuple(
        AtLoad(rate_rps, tuple(np.maximum(np.median(runs, axis=0), LEAST_S).tolist()))
        for rate_rps, runs in sorted(seen.items())
    )
    return calibrated(replace(material.profile, at_load=at_load), as_measured)


def cells(subject: Measured, material: Material, profile: ServiceProfile) -> tuple[Cell, ...]:
    """Every held-out run beside what the profile predicts of it."""
    plan = as_measured(profile, idle_expiry_s=IDLE_EXPIRY_S)
    alike: dict[tuple[float, Traffic], list[KeptRun]] = {}
    for run in material.of("held out"):
        alike.setdefault((run.about.utilisation, run.about.traffic), []).append(run)
    found: list[Cell] = []
    for (utilisation, traffic), runs in alike.items():
        about = (subject.name, subject.strategy, subject.host, utilisation, runs[0].about.rate_rps, traffic)
        measured = [_run(run.columns, run.about.duration_s, run.about.cpu_s) for run in runs]
        predicted = [predict(plan, profile, arrivals(run.about), run.about.seed + i) for i, run in enumerate(runs)]
        found += [_cell(about, figure, measured, predicted) for figure in FIGURES]
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
    busy_s = float(outcome.stations[served, :, _BUSY].sum())
    share = min(profile.cpu_s / (profile.next_s or profile.occupancy_s), 1.0) if profile.cpu_s else 0.0
    return _run(outcome.rows, schedule.duration_s, busy_s * (1.0 if profile.serve_s else share))


def _run(columns: Mapping[str, NDArray[np.generic]], duration_s: float, cpu_s: float) -> Run:
    ok = np.asarray(columns["status"]) == Status.OK
    latency_ms = _answered_ms(columns)
    lasted_s = max(duration_s, float(np.asarray(columns["end_s"], np.float64)[ok].max(initial=0.0)))
    figures = {name: float(np.percentile(latency_ms, p)) for name, p in _PERCENTS.items()} if ok.any() else {}
    figures |= {
        "throughput_rps": float(ok.sum()) / lasted_s,
        "cpu_s_per_s": cpu_s / lasted_s,
        "cold_share": float(np.mean(np.asarray(columns["cold"], np.float64))) if len(ok) else 0.0,
    }
    return Run(latency_ms, figures)


_Place = tuple[str, str, str, float, float, Traffic]


def _answered_ms(columns: Mapping[str, NDArray[np.generic]]) -> NDArray[np.float64]:
    ok = np.asarray(columns["status"]) == Status.OK
    took_s = np.asarray(columns["end_s"], np.float64) - np.asarray(columns["scheduled_s"], np.float64)
    latency_ms: NDArray[np.float64] = took_s[ok] * 1e3
    return latency_ms


def _cell(
    about: tuple[str, str, str, float, float, Traffic], figure: str, measured: Sequence[Run], predicted: Sequence[Run]
) -> Cell:
    ours, theirs = _figure(figure, predicted), _figure(figure, measured)
    values = [run.figures[figure] for run in measured if figure in run.figures]
    middle = float(np.median(values)) if values else 0.0
    # Between two repetitions, at the median of all pairs: it does not grow with their number, as a range would.
    noise = float(np.median([abs(a - b) for a, b in combinations(values, 2)] or [0.0]))
    if figure != "cold_share":
        noise = noise / middle if middle else 0.0
    n = sum(len(run.latency_ms) for run in measured)
    return Cell(*about, figure, *theirs, *ours, noise=noise, runs=len(measured), n=n)


def _figure(figure: str, runs: Sequence[Run]) -> tuple[float | None, float | None, float | None]:
    """The runs' median, and an interval: a percentile's over all samples, widened to the runs' own range."""
    values = [run.figures[figure] for run in runs if figure in run.figures]
    if not values:
        return None, None, None
    low, high = min(values), max(values)
    if figure in _PERCENTS:
        try:
            pooled = percentile(np.concatenate([run.latency_ms for run in runs]), _PERCENTS[figure])
        except NotEstimable:
            return None, None, None
        low, high = min(low, pooled.low), max(high, pooled.high)
    return float(np.median(values)), low, high
