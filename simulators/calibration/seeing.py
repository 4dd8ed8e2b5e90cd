"""What users of a simulated deployment see, told as measured runs are told: each percentile's median over runs."""

from collections.abc import Callable, Mapping
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
from simulators.plan import Plan

LEVELS: Mapping[float, float] = {25.0: 0.10, 50.0: 0.05, 75.0: 0.10, 90.0: 0.12, 95.0: 0.10, 99.0: 0.15}
"""Percentiles that are to agree, and how far off counts as one: the targets of the fidelity report."""
REQUESTS = 20_000
"""Simulated at each load, with the same arrivals and draws at every try, so that tries differ by their knobs alone."""
MOST_RUNS = 40
LEAST_RUNS = 3
_SURGE = 0.5
_SEED = 90_210
_NOTHING = 10.0
"""How far off a deployment counts that answers nobody."""
PlanOf = Callable[[ServiceProfile], Plan]
_WORK = STATION_TOTALS.index("work_s")


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """One load, ready to be simulated: runs as long as the measured ones (or shorter), one after the other."""

    rate_rps: float
    schedule: OpenSchedule
    seed: int
    seen: NDArray[np.float64]
    """Logarithms of the measured percentiles, (levels,)."""
    cpu_s: float | None
    """Processor time of the deployment for an answer, where that is what occupies its workers."""
    recent: NDArray[np.float64]
    """Arrival rate of late, as the scheduler sees it."""
    weight: float
    """Of what is off here: a surge tells how a deployment gets going, and less of how it then goes on."""
    first: NDArray[np.int64]
    """Number of each run's first request, and one beyond the last; (runs + 1,)"""

    @classmethod
    def of(cls, measured: AtLoad, place: int) -> "Load":
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
        weight = _SURGE if measured.from_idle else 1.0
        seen = np.log(np.percentile(measured.latency_s, list(LEVELS)))
        return cls(rate_rps, schedule, seed, seen, measured.cpu_s, recent_rps(at_s, schedule.duration_s), weight, first)

    def off(self, engine: Engine, profile: ServiceProfile, plan_of: PlanOf) -> NDArray[np.float64]:
        """Logarithm of simulated over measured: each level, then processor time (0 where none is known)."""
        plan = placed(plan_of(profile.under(self.rate_rps)), profile, self.recent, CLIENT)
        outcome = engine.run(Task(plan, self.schedule, self.seed, bins=1))
        assert outcome.rows is not None
        latency_s = outcome.rows["end_s"] - outcome.rows["scheduled_s"]
        ok = outcome.rows["status"] == Status.OK
        runs = [latency_s[a:b][ok[a:b]] for a, b in pairwise(self.first)]
        told = [np.percentile(run, list(LEVELS)) for run in runs if len(run)]
        levels = np.log(np.median(told, axis=0)) - self.seen if told else np.full(len(LEVELS), _NOTHING)
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
