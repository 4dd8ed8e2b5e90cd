"""Fit a subject's profile to the runs that it is calibrated by, and predict those that are held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.profile import AtLoad, ServiceProfile
from data.trace import Status
from data.workloads.contract import OpenSchedule, Schedule
from simulators.calibration import SeenRun, calibrated
from simulators.engines.contract import STATION_TOTALS, Engine, Task
from simulators.fidelity.capacity import sustaining
from simulators.fidelity.comparing import Group, cell_of, middles
from simulators.fidelity.discrepancy import Discrepancy, corrected, learned
from simulators.fidelity.figures import Run, answered_ms, between, measured_run, run_of
from simulators.fidelity.keeping import KeptRun, Material
from simulators.fidelity.placement import placed, recent_rps
from simulators.fidelity.plans import CLIENT
from simulators.fidelity.report import FIGURES, Cell, Traffic
from simulators.fidelity.running import arrivals
from simulators.fidelity.slowness import slowed
from simulators.fidelity.subjects import Measured
from simulators.plan import Plan
from strategies.loadgen.slowness import STEP_S
from strategies.profiling.profiling import FEWEST, by_workers
from strategies.profiling.separating import LEAST_S, quantiles

_WORK = STATION_TOTALS.index("work_s")
SIMULATED = 9
"""Each measured run is simulated so often: the prediction's own chance is to be small beside the machine's."""


def fitted(subject: Measured, material: Material) -> ServiceProfile:
    """The profile, its durations fitted to the calibration runs and to no other."""
    seen: dict[tuple[float, bool], list[KeptRun]] = {}
    for run in (*material.of("calibration"), *material.of("surge")):
        steady = (run.about.purpose, run.about.traffic) == ("calibration", "poisson")
        seen.setdefault((run.about.rate_rps, not steady), []).append(run)
    told = [
        (at, [_seen(run) for run in runs])
        for which, runs in sorted(seen.items(), key=lambda pair: pair[0])
        if (at := _at_load(material.profile, *which, runs)) is not None
    ]
    profile = replace(sustaining(material.profile, material), at_load=tuple(at for at, _ in told))
    return calibrated(profile, subject.plan, runs=[runs for _, runs in told])


def _seen(run: KeptRun) -> SeenRun:
    at_s, end_s = (np.asarray(run.columns[name], np.float64) for name in ("scheduled_s", "end_s"))
    latency_s = np.where(np.asarray(run.columns["status"]) == Status.OK, end_s - at_s, np.nan)
    return SeenRun(at_s, latency_s, run.slow, run.about.duration_s)


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
    model, usual = Model(subject, profile), _usual_slowness(material)
    off = {traffic: _discrepancy(model, material, traffic) for traffic in get_args(Traffic)}
    found: list[Cell] = []
    for (utilisation, traffic), runs in sorted(_alike(material.of("held out")).items()):
        rate_rps = runs[0].about.rate_rps
        about = (subject.name, subject.strategy, subject.host, rate_rps / profile.capacity_rps, rate_rps, traffic)
        groups = _groups(runs)
        measured = {group: [measured_run(run) for run in mine] for group, mine in groups.items()}
        bare = {group: model.runs(mine) for group, mine in groups.items()}
        blind = {group: model.runs(mine, usual) for group, mine in groups.items()}
        known = off[traffic]
        ours = {group: _better(mine, known.at(utilisation)) for group, mine in bare.items()} if known else bare
        rivals = between(material, utilisation, traffic), middles(blind), middles(bare)
        beside = [(figure, [rival.get(figure) for rival in rivals]) for figure in FIGURES]
        found += [cell_of(about, figure, measured, ours, *theirs) for figure, theirs in beside]
    return tuple(found)


def _better(runs: Sequence[Run], logs: NDArray[np.float64]) -> list[Run]:
    return [corrected(run, logs) for run in runs]


def _groups(runs: Sequence[KeptRun]) -> dict[Group, list[KeptRun]]:
    found: dict[Group, list[KeptRun]] = {}
    for run in runs:
        found.setdefault((run.about.deployment, run.about.seed), []).append(run)
    return found


@dataclass(frozen=True, slots=True)
class Model:
    """A deployment as its fitted profile says it is."""

    subject: Measured
    profile: ServiceProfile

    def runs(self, runs: Sequence[KeptRun], slow: NDArray[np.float64] | None = None) -> list[Run]:
        """Each of them several times, on a machine as slow as it was then, or always as slow as that."""
        return [self.run(run, run.slow if slow is None else slow, turn) for turn, run in enumerate([*runs] * SIMULATED)]

    def run(self, run: KeptRun, slow: NDArray[np.float64], turn: int) -> Run:
        """The same arrivals, simulated on a machine as slow as that; `turn` tells one try from the next."""
        schedule = arrivals(run.about)
        plan = self.subject.plan(self.profile.under(run.about.rate_rps))
        plan = placed(plan, self.profile, recent_rps(schedule.at_s, schedule.duration_s), CLIENT)
        plan = slowed(plan, slow, STEP_S, self.profile.slow_power, CLIENT)
        return predict(plan, self.profile, schedule, run.about.seed + turn)


def _discrepancy(model: Model, material: Material, traffic: Traffic) -> Discrepancy | None:
    """What the model gets wrong in the runs that it was calibrated by."""
    known = {
        load: [(measured_run(run), model.runs([run])) for run in runs]
        for (load, kind_of_traffic), runs in _alike(material.of("calibration")).items()
        if kind_of_traffic == traffic
    }
    return learned(known)


def _alike(runs: Sequence[KeptRun]) -> dict[tuple[float, Traffic], list[KeptRun]]:
    """Repetitions of the same run, by utilisation and traffic."""
    found: dict[tuple[float, Traffic], list[KeptRun]] = {}
    for run in runs:
        found.setdefault((run.about.utilisation, run.about.traffic), []).append(run)
    return found


def _usual_slowness(material: Material) -> NDArray[np.float64]:
    """How slow the machine was at the median of the runs to calibrate by, as one step; empty if not known."""
    known = [float(run.slow.mean()) for run in material.of("calibration") if len(run.slow)]
    return np.array([np.median(known)]) if known else np.empty(0)


def predict(plan: Plan, profile: ServiceProfile, schedule: Schedule, seed: int) -> Run:
    """Simulate the same arrivals."""
    assert isinstance(schedule, OpenSchedule)
    engine: Engine = kind("simulators.engines", Engine, "kernel")()  # type: ignore[type-abstract]
    outcome = engine.run(Task(plan, schedule, seed))
    assert outcome.rows is not None
    served = [i for i, station in enumerate(plan.stations) if station.name != CLIENT]
    work_s = float(outcome.totals[served, _WORK].sum())
    starts = [start.total_s for start in profile.cold_starts]
    started_s = float(outcome.rows["cold"].sum() * np.median(starts)) if starts else 0.0  # processor time, nearly all
    # Where processor time is what occupies its workers, it is all of what they do.
    whole = bool(profile.serve_s) or by_workers(profile)
    share = min(profile.cpu_s / (profile.next_s or profile.occupancy_s), 1.0) if profile.cpu_s else 0.0
    return run_of(outcome.rows, schedule.duration_s, work_s * (1.0 if whole else share) + started_s)
