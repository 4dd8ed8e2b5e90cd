"""What users of a simulated deployment see, told as measured runs are told: each percentile's median over runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.profile import AtLoad, ServiceProfile
from data.trace import Status
from data.workloads.contract import OpenSchedule
from data.workloads.poisson import Poisson
from simulators.engines.contract import STATION_TOTALS, Engine, Task
from simulators.fidelity.placement import STEP_S, placed, recent_rps
from simulators.fidelity.plans import CLIENT
from simulators.fidelity.slowness import slowed
from simulators.plan import Plan
from strategies.loadgen.slowness import STEP_S as CLOCK_S

LEVELS: Mapping[float, float] = {25.0: 0.10, 50.0: 0.05, 75.0: 0.10, 90.0: 0.12, 95.0: 0.10, 99.0: 0.15}
"""Percentiles that are to agree, and how far off counts as one: the targets of the fidelity report."""
REQUESTS = 20_000
"""Simulated at each load, with the same arrivals and draws at every try, so that tries differ by their knobs alone."""
MOST_RUNS = 40
_DRAINING_S = 1.0
_LEAST_S = 0.25
"""Of a run that is simulated only in part."""
LEAST_RUNS = 3
_FEWEST = 20
"""Answers that a run's percentiles are told from."""
_SURGE = 0.5
_SEED = 90_210
_NOTHING = 10.0
"""How far off a deployment counts that answers nobody."""
PlanOf = Callable[[ServiceProfile], Plan]
_WORK = STATION_TOTALS.index("work_s")


@dataclass(frozen=True, slots=True, eq=False)
class SeenRun:
    """One measured run of a load: it is simulated with the same arrivals, on a machine as slow."""

    at_s: NDArray[np.float64]
    """(requests,), ascending."""
    latency_s: NDArray[np.float64]
    """NaN where no answer came. (requests,)"""
    slow: NDArray[np.float64]
    """How slow the machine was, every `CLOCK_S`; empty where that is not known. (steps,)"""
    duration_s: float

    def until(self, end_s: float) -> "SeenRun":
        """Its first seconds."""
        there = self.at_s < end_s
        return SeenRun(self.at_s[there], self.latency_s[there], self.slow, min(end_s, self.duration_s))

    @property
    def answered_s(self) -> NDArray[np.float64]:
        return self.latency_s[~np.isnan(self.latency_s)]

    def slow_for(self, steps: int) -> NDArray[np.float64]:
        """Its slowness for so many steps, the last one going on."""
        known = self.slow if len(self.slow) else np.ones(1)
        return known[np.minimum(np.arange(steps), len(known) - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """One load, ready to be simulated: runs as long as the measured ones (or shorter), one after the other."""

    rate_rps: float
    schedule: OpenSchedule
    seed: int
    seen: NDArray[np.float64]
    """Logarithms of the measured percentiles, of each run or (one row) of all of them; (runs, levels)"""
    cpu_s: float | None
    """Processor time of the deployment for an answer, where that is what occupies its workers."""
    recent: NDArray[np.float64]
    """Arrival rate of late, as the scheduler sees it."""
    weight: float
    """Of what is off here: a surge tells how a deployment gets going, and less of how it then goes on."""
    first: NDArray[np.int64]
    """Number of each run's first request, and one beyond the last; (runs + 1,)"""
    slow: NDArray[np.float64]
    """How slow the machine was, every `CLOCK_S`; empty where that is not known. (steps,)"""

    @classmethod
    def of(cls, measured: AtLoad, place: int, runs: Sequence[SeenRun] = ()) -> "Load":
        """As measured; of `runs`, where they are known, each simulated run has one's arrivals and slowness."""
        return cls._like(measured, place, runs) if runs else cls._made(measured, place)

    @classmethod
    def _like(cls, measured: AtLoad, place: int, runs: Sequence[SeenRun]) -> "Load":
        # A steady load is the same all the time, and bursts come when they come.
        enough_s = np.inf if measured.from_idle else REQUESTS / (measured.rate_rps * len(runs))
        part_s = max(enough_s, _LEAST_S)
        parts = [part for part in (run.until(part_s) for run in runs) if len(part.answered_s) >= _FEWEST]
        # What a surge leaves behind takes longer than the surge.
        steps = int(np.ceil(max(2 * parts[0].duration_s, parts[0].duration_s + _DRAINING_S) / CLOCK_S))
        at_s = np.concatenate([part.at_s + steps * CLOCK_S * run for run, part in enumerate(parts)])
        schedule = OpenSchedule(at_s, np.zeros(len(at_s), np.int64), steps * CLOCK_S * len(parts))
        first = np.cumsum([0, *(len(part.at_s) for part in parts)])
        seen = np.log([np.percentile(part.answered_s, list(LEVELS)) for part in parts])
        known = any(len(part.slow) for part in parts)
        slow = np.concatenate([part.slow_for(steps) for part in parts]) if known else np.empty(0)
        return cls._of(measured, _SEED + place, schedule, seen, first, slow)

    @classmethod
    def _made(cls, measured: AtLoad, place: int) -> "Load":
        # Other draws at each load: what is rare in one of them is not rare in all.
        seed, rate_rps = _SEED + place, measured.rate_rps
        run_s, runs = REQUESTS / rate_rps, 1
        if measured.run_s is not None:
            runs = int(np.clip(REQUESTS / (rate_rps * measured.run_s), LEAST_RUNS, MOST_RUNS))
            run_s = min(measured.run_s, run_s / runs)
        moments = [_poisson(rate_rps, run_s, seed + 1_000 * run) for run in range(runs)]
        # Measured runs each begin with an idle deployment: a pause between them lets the last one's answers go.
        at_s = np.concatenate([each + 2 * run_s * run for run, each in enumerate(moments)])
        schedule = OpenSchedule(at_s, np.zeros(len(at_s), np.int64), 2 * run_s * runs)
        first = np.cumsum([0, *map(len, moments)])
        seen = np.log(np.percentile(measured.latency_s, list(LEVELS)))[np.newaxis]
        return cls._of(measured, seed, schedule, seen, first, np.empty(0))

    @classmethod
    def _of(
        cls,
        measured: AtLoad,
        seed: int,
        schedule: OpenSchedule,
        seen: NDArray[np.float64],
        first: NDArray[np.int64],
        slow: NDArray[np.float64],
    ) -> "Load":
        weight = _SURGE if measured.from_idle else 1.0
        recent = recent_rps(schedule.at_s, schedule.duration_s)
        return cls(measured.rate_rps, schedule, seed, seen, measured.cpu_s, recent, weight, first, slow)

    @property
    def halves(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the runs in which the machine was quicker, and of the others; all of them, twice, if not known."""
        runs = np.arange(len(self.seen))
        if not len(self.slow) or len(runs) < 2:
            return runs, runs
        steps = len(self.slow) // len(runs)
        order = np.argsort(self.slow.reshape(-1, steps).mean(axis=1), kind="stable")
        return order[: len(runs) // 2], order[len(runs) // 2 :]

    def off(self, engine: Engine, profile: ServiceProfile, plan_of: PlanOf) -> NDArray[np.float64]:
        """Logarithm of simulated over measured: levels, once more, then processor time (0 where none is known).

        The levels come from the half of the runs in which the machine was quicker, and from the other; without knowing
        that, from all, twice.
        """
        plan = placed(plan_of(profile.under(self.rate_rps)), profile, self.recent, CLIENT)
        plan = slowed(plan, self.slow, CLOCK_S, profile.slow_power, CLIENT)
        outcome = engine.run(Task(plan, self.schedule, self.seed, bins=1))
        assert outcome.rows is not None
        latency_s = outcome.rows["end_s"] - outcome.rows["scheduled_s"]
        ok = outcome.rows["status"] == Status.OK
        runs = [latency_s[a:b][ok[a:b]] for a, b in pairwise(self.first)]
        told = [
            np.percentile(run, list(LEVELS)) if len(run) else np.full(len(LEVELS), np.exp(_NOTHING)) for run in runs
        ]
        if len(self.seen) == len(told):  # each beside its own
            apart = np.log(told) - self.seen
            levels = np.concatenate([np.median(apart[half], axis=0) for half in self.halves])
        else:
            levels = np.tile(np.log(np.median(told, axis=0)) - self.seen[0], 2)
        served = [i for i, station in enumerate(plan.stations) if station.name != CLIENT]
        work_s = float(outcome.totals[served, _WORK].sum()) / max(len(latency_s), 1)
        return np.append(levels, 0.0 if self.cpu_s is None else np.log(work_s * self._own(profile) / self.cpu_s))

    def _own(self, profile: ServiceProfile) -> float:
        """About the share of its services' time in which the deployment has a core that it shares to itself."""
        places = np.minimum((self.schedule.at_s / STEP_S).astype(np.int64), len(self.recent) - 1)
        shared = float(np.mean(self.recent[places] < profile.shared_core_rps))
        return 1 / (1 + shared * (profile.shared_core_factor - 1))


def _poisson(rate_rps: float, run_s: float, seed: int) -> NDArray[np.float64]:
    made = Poisson(rate_rps=rate_rps, duration_s=run_s).schedule(1, seed)
    assert isinstance(made, OpenSchedule)
    return made.at_s


def kernel() -> Engine:
    engine: Engine = kind("simulators.engines", Engine, "kernel")()  # type: ignore[type-abstract]
    return engine
