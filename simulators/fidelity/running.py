"""Measure a subject's cells and predict them: calibrate in runs of their own, then drive, then simulate the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import NotEstimable
from data.estimates import percentile
from data.profile import ServiceProfile
from data.trace import Status
from data.workloads.bursty import Bursty
from data.workloads.contract import OpenSchedule, Schedule, Workload
from data.workloads.poisson import Poisson
from simulators.engines.contract import STATION_FIELDS, Engine, Task
from simulators.fidelity.plans import CLIENT, as_measured
from simulators.fidelity.report import FIGURES, Cell, Traffic
from simulators.fidelity.subjects import IDLE_EXPIRY_S, TIMEOUT_S, Measured
from simulators.plan import Plan
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort

_PERCENTS = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
_BUSY = STATION_FIELDS.index("busy_s")
_MOST_RPS = 20_000.0
"""A faster embedded model is driven no faster: beyond that the generator's own pace would be what is measured."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to measure."""

    utilisations: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8)
    traffics: tuple[Traffic, ...] = ("poisson", "bursty")
    seconds: float = 3.0
    repeats: int = 3
    effort: Effort = Effort()  # noqa: RUF009 - frozen
    seed: int = 20_260


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one run gave, measured or simulated."""

    latency_ms: NDArray[np.float64]
    """Of those that were answered, (n,)."""
    figures: Mapping[str, float]


def measure_subject(
    subject: Measured, package: ModelPackage, profile: ServiceProfile, extent: Extent, say: Say
) -> tuple[Cell, ...]:
    """All cells of one subject; its profile comes from runs of its own, so that every run here is held out."""
    plan = as_measured(profile, idle_expiry_s=IDLE_EXPIRY_S)
    cells: list[Cell] = []
    grid = [(u, t) for u in extent.utilisations for t in extent.traffics]
    measured: dict[tuple[float, str], list[Run]] = {key: [] for key in grid}
    schedules: dict[tuple[float, str], list[Schedule]] = {key: [] for key in grid}
    with subject.deployed(package) as (deployment, rows):
        # Repetitions are outermost: what drifts on the machine then differs between them, and shows as noise.
        for repeat in range(extent.repeats):
            for utilisation, traffic in grid:
                say(f"{subject.name}: utilisation {utilisation:g}, {traffic}, repetition {repeat + 1}")
                rate_rps = rate(profile, utilisation)
                # The same arrivals every time: what then differs between repetitions is the machine alone.
                schedule = traffic_of(traffic, rate_rps, extent.seconds).schedule(len(rows), extent.seed)
                driven = drive(deployment, schedule, rows, timeout_s=TIMEOUT_S)
                used_s = (driven.usage_after.cpu_s or 0.0) - (driven.usage_before.cpu_s or 0.0)
                measured[utilisation, traffic].append(_run(driven.columns, schedule, used_s))
                schedules[utilisation, traffic].append(schedule)
    for key in grid:
        predicted = [predict(plan, profile, schedule, extent.seed + i) for i, schedule in enumerate(schedules[key])]
        utilisation, traffic = key
        about = (subject.name, subject.strategy, subject.host, utilisation, rate(profile, utilisation), traffic)
        cells += [_cell(about, figure, measured[key], predicted) for figure in FIGURES]
    return tuple(cells)


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
    return _run(outcome.rows, schedule, busy_s * (1.0 if profile.serve_s else share))


def _run(columns: Mapping[str, NDArray[np.generic]], schedule: Schedule, cpu_s: float) -> Run:
    ok = np.asarray(columns["status"]) == Status.OK
    end_s = np.asarray(columns["end_s"], np.float64)
    latency_ms = (end_s - np.asarray(columns["scheduled_s"], np.float64))[ok] * 1e3
    lasted_s = max(schedule.duration_s, float(end_s[ok].max(initial=0.0)))
    figures = {name: float(np.percentile(latency_ms, p)) for name, p in _PERCENTS.items()} if ok.any() else {}
    figures |= {
        "throughput_rps": float(ok.sum()) / lasted_s,
        "cpu_s_per_s": cpu_s / lasted_s,
        "cold_share": float(np.mean(np.asarray(columns["cold"], np.float64))) if len(ok) else 0.0,
    }
    return Run(latency_ms, figures)


About = tuple[str, str, str, float, float, Traffic]


def _cell(about: About, figure: str, measured: Sequence[Run], predicted: Sequence[Run]) -> Cell:
    ours, theirs = _figure(figure, predicted), _figure(figure, measured)
    values = [run.figures[figure] for run in measured if figure in run.figures]
    middle = float(np.median(values)) if values else 0.0
    noise = max((abs(value - middle) for value in values), default=0.0)
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
