"""Run a plan under a workload: the one door to the engines."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import InvalidValue
from data.estimate import Estimate
from data.provenance import Provenance
from data.trace import Status, Trace
from data.workloads.contract import MAX_REQUESTS, ClosedSchedule, OpenSchedule, Schedule, Workload
from simulators.engines.contract import REQUEST_FIELDS, Cancelled, Engine, Outcome, Progress, Router, Task, Variant
from simulators.plan import Plan, overload_warnings
from simulators.runs.bills import usage_of
from simulators.runs.latency import LatencySketch
from simulators.runs.result import SimulationResult
from simulators.runs.stations import station_figures, unit_figures
from simulators.runs.timeline import timeline
from simulators.runs.warm_up import FEWEST_BATCHES, batches_needed, mean_of_batches, mser

_WATCHED = 16
About = tuple[str, str, tuple[str, ...]]  # candidate, scenario, versions


def simulate(
    plan: Plan,
    traffic: Workload | Schedule,
    release: Router | None = None,
    *,
    seed: int,
    engine: str = "kernel",
    rows: int = 1,
    keep_rows: bool = True,
    watch: Sequence[int] | None = None,
    bins: int = 200,
    warm_up_s: float | None = None,
    precision: float | None = None,
    variants: Sequence[Variant] = (Variant(),),
    versions: Sequence[str] = ("simulated",),
    cores: int = 1,
    candidate: str = "",
    scenario: str = "",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> SimulationResult:
    """What would happen to these requests in this architecture.

    Parameters
    ----------
    traffic
        A workload, whose schedule is made from `seed` for `rows` different rows, or a schedule as it is.
    release
        Decides which version answers; `variants` say what each version changes, `versions` how they are called.
    engine
        A file in simulators/engines/. Given the same arguments all engines agree request by request.
    keep_rows
        False keeps counts, percentiles to ±0.4% and the timeline, in memory that does not grow with the run.
    watch
        Requests whose visits are kept for waterfalls; None: sixteen, evenly spread.
    bins
        Equal parts of the duration that the timeline is cut into.
    warm_up_s
        What to leave out of the figures; None finds the end of the warm-up by MSER-5 (and rounds it up to a bin). Give
        0 for traffic that changes on purpose, where no steady state is to be looked for.
    precision
        Half-width of the mean latency's interval that is wanted, as a share of its value; a run too short for it says
        so in `warnings`.
    cores
        Processor cores to use at the same time, where that leaves the figures as they are but for rounding.

    Raises
    ------
    InvalidPlan, UnsupportedPlan, Unfinished
        The plan contradicts itself, the engine cannot express it, or it does not come to an end.
    InvalidValue
        A schedule that is none, a version that changes an unknown station, a warm-up or precision out of bounds.
    Cancelled
        `cancelled` said yes.

    Examples
    --------
    >>> from data.workloads.poisson import Poisson
    >>> from simulators.plan import Exponential, one_station
    >>> mm1 = simulate(one_station(Exponential(1.0)), Poisson(rate_rps=0.5, duration_s=100_000), seed=1)
    >>> round(mm1.station("station").utilisation, 1)
    0.5
    """
    _check(warm_up_s, precision)
    schedule = traffic.schedule(rows, seed) if isinstance(traffic, Workload) else traffic
    runner: Engine = kind("simulators.engines", Engine, engine)()  # type: ignore[type-abstract]
    while True:
        watched = _evenly(int(np.size(schedule.row))) if watch is None else tuple(watch)
        task = Task(
            plan, schedule, seed, keep_rows, watched, bins, router=release, variants=tuple(variants), cores=cores
        )
        outcome = runner.run(task, progress=progress, cancelled=cancelled)
        if not outcome.used_up:
            break
        schedule = _longer(schedule, outcome)
    about = candidate or plan.name, scenario, tuple(versions)
    return _result(task, outcome, about, warm_up_s, precision)


def _result(
    task: Task,
    outcome: Outcome,
    about: tuple[str, str, tuple[str, ...]],
    warm_up_s: float | None,
    precision: float | None,
) -> SimulationResult:
    plan, duration_s = task.plan, task.schedule.duration_s
    width_s = duration_s / task.bins
    cut, steady = _warm_up(task, outcome) if warm_up_s is None else (math.ceil(warm_up_s / width_s - 1e-9), True)
    cut = min(cut, task.bins - 1)
    counted, seconds = slice(cut, task.bins), (task.bins - cut) * width_s
    requests = outcome.requests[cut:].sum(0)
    before = int(outcome.requests[:cut, 0].sum()) // task.batch_size
    mean_s = mean_of_batches(outcome.batch_sum_s[before:], outcome.batch_count[before:])
    warnings = _warnings(task, steady, mean_s, precision, cut * width_s)
    return SimulationResult(
        plan=plan,
        seed=task.seed,
        trace=_trace(task, outcome, about, cut * width_s) if task.keep_rows else None,
        counts={name: int(requests[i]) for i, name in enumerate(REQUEST_FIELDS[:6])},
        latency=LatencySketch(outcome.sketch[cut:].sum(0, dtype=np.int64)),
        mean_s=mean_s,
        stations=station_figures(plan, outcome, counted, seconds),
        units=unit_figures(plan, outcome, counted, seconds),
        timeline=timeline(plan, outcome, duration_s),
        spans=outcome.spans,
        warm_up_s=cut * width_s,
        steady=steady,
        warnings=warnings,
        ended_s=outcome.ended_s,
    )


def _warm_up(task: Task, outcome: Outcome) -> tuple[int, bool]:
    """How many bins the warm-up takes, and whether a steady state was seen."""
    filled = outcome.batch_count > 0
    cut = mser(outcome.batch_sum_s[filled] / outcome.batch_count[filled])
    if cut <= 0:
        return 0, cut == 0
    arrived = np.cumsum(outcome.requests[:, 0])
    last = int(np.flatnonzero(filled)[cut]) * task.batch_size
    return int(np.searchsorted(arrived, last)) + 1, True


def _warnings(
    task: Task, steady: bool, mean_s: Estimate | None, precision: float | None, warm_up_s: float
) -> tuple[str, ...]:
    found: list[str] = []
    if isinstance(task.schedule, OpenSchedule):
        found += overload_warnings(task.plan, len(task.schedule) / task.schedule.duration_s)
    if not steady:
        found.append(
            "no steady state was seen: latency still changes in the second half of the run. Make the run longer, or "
            "lower the load; where traffic changes on purpose, set the warm-up to 0."
        )
    if warm_up_s > 0:
        found.append(f"the first {warm_up_s:,.4g} s were warm-up (MSER-5) and do not count.")
    if precision is not None:
        if mean_s is None:
            needs = FEWEST_BATCHES * task.batch_size
            found.append(f"too short for ±{precision:.3g} on the mean: it takes at least {needs:,} requests.")
        elif (mean_s.high - mean_s.low) / 2 > precision * abs(mean_s.value):
            known = (mean_s.high - mean_s.low) / 2 / abs(mean_s.value)
            needs = batches_needed(mean_s, precision)
            found.append(
                f"too short for ±{precision:.3g} on the mean: it is known to ±{known:.2g} from {mean_s.n:,} requests, "
                f"and about {needs:,} would do."
            )
    return tuple(found)


def _trace(task: Task, outcome: Outcome, about: About, warm_up_s: float) -> Trace:
    assert outcome.rows is not None
    candidate, scenario, versions = about
    happened = slice(None) if isinstance(task.schedule, OpenSchedule) else ~np.isnan(outcome.rows["scheduled_s"])
    rows = {name: column[happened] for name, column in outcome.rows.items()}
    answered = np.isin(rows["status"], (Status.OK, Status.ERROR))
    columns: dict[str, NDArray[np.generic]] = {
        name: rows[name] for name in ("scheduled_s", "start_s", "end_s", "status", "cold", "replica", "attempts")
    }
    columns["sent_s"] = rows["scheduled_s"]
    columns["version"] = np.where(answered, rows["version"], -1)
    columns["row"] = task.schedule.row.reshape(-1)[happened]
    return Trace.build(
        columns,
        versions=versions,
        usage=usage_of(task.plan, outcome, task.schedule.duration_s / task.bins),
        provenance=Provenance("simulated", candidate, scenario, task.seed, warm_up_s=warm_up_s),
    )


def _evenly(n: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(np.linspace(0, max(n - 1, 0), min(n, _WATCHED)).astype(np.int64).tolist()))


def _check(warm_up_s: float | None, precision: float | None) -> None:
    if warm_up_s is not None and not 0 <= warm_up_s < math.inf:
        raise InvalidValue("warm_up_s", warm_up_s, "must be 0 or more, and finite", "give seconds, or None to find it")
    if precision is not None and not 0 < precision < math.inf:
        raise InvalidValue("precision", precision, "must be above 0 and finite", "give a share, such as 0.01 for 1%")


def _longer(schedule: Schedule, outcome: Outcome) -> Schedule:
    """The same users with their thoughts and rows over again: they had run out of them."""
    assert isinstance(schedule, ClosedSchedule)
    timeless = not schedule.think_s.any() and not outcome.requests[:, REQUEST_FIELDS.index("latency_s")].any()
    if timeless or 4 * schedule.think_s.size > MAX_REQUESTS:
        made = f"{schedule.think_s.size:,} requests"
        rule = f"are not enough for {schedule.duration_s:g} s: users ask again sooner than can be simulated"
        raise InvalidValue("traffic", made, rule, "give the users a think time, or requests that take some time")
    think_s, row = (np.concatenate([part] * 4, axis=1) for part in (schedule.think_s, schedule.row))
    return ClosedSchedule(think_s, row, schedule.duration_s)
