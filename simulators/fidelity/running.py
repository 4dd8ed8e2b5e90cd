"""Measure a subject, under loads to calibrate by and under those that are held out."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.profile import ServiceProfile
from data.workloads.bursty import Bursty
from data.workloads.contract import OpenSchedule, Workload
from data.workloads.poisson import Poisson
from simulators.fidelity.capacity import answered_rps
from simulators.fidelity.keeping import COLUMNS, About, KeptRun, Material, Purpose
from simulators.fidelity.report import Traffic
from simulators.fidelity.subjects import TIMEOUT_S, Measured
from strategies.contract import Deployment
from strategies.loadgen import drive
from strategies.loadgen.slowness import Slowness
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort

CALIBRATION_SEED = 7_001
"""Of the traffic that durations are fitted to; no run that a prediction is held against has it."""
_SOUNDINGS = 5
_MOST_RPS = 20_000.0
"""A faster embedded model is driven no faster: beyond that the generator's own pace would be what is measured."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to measure."""

    utilisations: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8)
    traffics: tuple[Traffic, ...] = ("poisson", "bursty")
    bursts: tuple[float, ...] = (0.15, 0.38, 0.62, 0.84)
    """Utilisations under bursty traffic to calibrate by."""
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
    with subject.deployed(package) as (deployment, rows), subject.clocked() as slowness:
        profile = _sounded(subject, profile, deployment, rows, extent)
        repeats = extent.repeats if not subject.rates_rps else max(extent.repeats // 4, 2)
        measured = _Measuring(subject, profile, extent, deployment, rows, slowness, say)
        return Material(subject.name, profile, tuple(measured.repetitions(0, repeats)))


def measure_more(subject: Measured, package: ModelPackage, kept: Material, extent: Extent, say: Say) -> Material:
    """The same with so many repetitions more, in a new deployment of what its profile was measured of."""
    first = max(Counter((run.about.purpose, run.about.traffic, run.about.utilisation) for run in kept.runs).values())
    with subject.deployed(package) as (deployment, rows), subject.clocked() as slowness:
        number = 1 + max(run.about.deployment for run in kept.runs)
        measured = _Measuring(subject, kept.profile, extent, deployment, rows, slowness, say, number)
        more = tuple(measured.repetitions(first, first + extent.repeats))
    return replace(kept, runs=(*kept.runs, *more))


@dataclass(frozen=True, slots=True)
class _Measuring:
    """A deployment that is driven."""

    subject: Measured
    profile: ServiceProfile
    extent: Extent
    deployment: Deployment
    rows: NDArray[np.float32]
    slowness: Slowness
    say: Say
    number: int = 0
    """Of the deployment."""

    def repetitions(self, first: int, end: int) -> Iterator[KeptRun]:
        """Those with these numbers, the last one excluded."""
        grid = _grid(self.subject, self.profile, self.extent)
        for repeat in range(first, end):
            self.say(f"{self.subject.name}: repetition {repeat + 1} of {end}, {len(grid)} runs")
            # What a run leaves behind (warm caches, a hot processor) meets another one every time.
            for purpose, utilisation, traffic, seconds in random.Random(repeat).sample(grid, len(grid)):
                # Held out, the same arrivals come twice: what differs between those two is the machine alone. And then
                # others come, as what one sequence of them has in store by chance is no measure of a model.
                held_out = self.extent.seed + repeat // 2
                seed = held_out if purpose == "held out" else CALIBRATION_SEED + repeat
                rate_rps = rate(self.profile, utilisation)
                about = About(purpose, utilisation, traffic, rate_rps, seconds, seed, len(self.rows), 0.0, self.number)
                yield self._driven(about)

    def _driven(self, about: About) -> KeptRun:
        time.sleep(self.subject.rest_s)
        driven = drive(self.deployment, arrivals(about), self.rows, timeout_s=TIMEOUT_S)
        used_s = (driven.usage_after.cpu_s or 0.0) - (driven.usage_before.cpu_s or 0.0)
        lasted_s = max(about.duration_s, float(np.max(driven.columns["end_s"], initial=0.0)))
        slow = self.slowness.of(driven.began_s, driven.began_s + lasted_s)
        return KeptRun(replace(about, cpu_s=used_s), {name: driven.columns[name] for name in COLUMNS}, slow)


def _sounded(
    subject: Measured, profile: ServiceProfile, deployment: Deployment, rows: NDArray[np.float32], extent: Extent
) -> ServiceProfile:
    """The profile with what is sustained in open loop as its capacity, which loads are shares of."""
    if subject.host == "function":  # it refuses what is too much, and a surge would say how fast it does that
        return profile
    found: list[float] = []
    for sounding in range(_SOUNDINGS):
        surge = Poisson(rate_rps=rate(profile, 2.0), duration_s=extent.effort.surge_s)
        schedule = surge.schedule(len(rows), CALIBRATION_SEED - 1 - sounding)
        found.append(answered_rps(drive(deployment, schedule, rows, timeout_s=TIMEOUT_S).columns))
    return replace(profile, capacity_rps=float(np.median(found)))


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
    grid += [("calibration", load, "bursty", extent.seconds) for load in extent.bursts]
    grid += [("surge", load, "poisson", effort.surge_s) for load in surges]
    return grid + [("held out", u, t, extent.seconds) for u in extent.utilisations for t in extent.traffics]


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
