"""Running a question: one seeded simulation, short enough to answer while a slider moves, or long and in pieces."""

import os
from collections.abc import Sequence
from functools import lru_cache

from data.workloads.contract import Schedule, Workload
from simulators.engines.contract import Cancelled, Progress
from simulators.runs.result import SimulationResult
from simulators.simulate import simulate
from simulators.whatif.planning import Asked

LIVE_MOST = 3_000_000
"""Requests that are simulated at once, on the page; more of them are a job."""
TRACE_MOST = 1_000_000
"""Requests of which a row each is handed out."""
BINS = 120
_CORES = min(2, os.cpu_count() or 1)


def run(
    asked: Asked,
    *,
    keep_rows: bool = False,
    watch: Sequence[int] = (),
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> SimulationResult:
    """What would happen. Where the preset changes traffic or plan on purpose, there is no warm-up to cut.

    Raises what `simulators.simulate.simulate` does.
    """
    question = asked.question
    return simulate(
        asked.plan,
        schedule_of(asked),
        seed=question.seed,
        keep_rows=keep_rows,
        watch=tuple(watch),
        bins=BINS,
        cores=_CORES,
        warm_up_s=None if asked.preset.steady else 0.0,
        # What changes on purpose makes the mean vary, however long the run.
        precision=question.precision if asked.preset.steady else None,
        candidate=f"{question.architecture} {question.strategy}",
        progress=progress,
        cancelled=cancelled,
    )


def schedule_of(asked: Asked) -> Schedule:
    """The arrivals; kept while they are few enough, as a slider that changes the plan leaves them alone."""
    if asked.requests > LIVE_MOST:
        return asked.workload.schedule(1, asked.question.seed)
    return _schedule(type(asked.workload), asked.workload.model_dump_json(), asked.question.seed)


@lru_cache(maxsize=4)
def _schedule(kind: type[Workload], values: str, seed: int) -> Schedule:
    return kind.model_validate_json(values).schedule(1, seed)
