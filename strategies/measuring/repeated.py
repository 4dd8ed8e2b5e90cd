"""Several candidates, several times each, turn about: what drifts on the machine meanwhile touches all alike."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled, DrydockError
from data.scenario import Application, Candidate, Measurement
from data.trace import Trace
from data.workloads.contract import Workload
from strategies.measuring.measure import measure
from strategies.packaging.package import ModelPackage
from strategies.training.watch import CancelCheck, Progress, never, silent

OnTrace = Callable[[Candidate, int, Trace], None]
"""Called with the candidate, the number of the repetition (from 0) and what it gave."""
BeforeRun = Callable[[Candidate, int, int], None]
"""Called with the candidate, the number of the repetition and its seed, before it is measured."""
OnFailure = Callable[[Candidate, int, DrydockError], None]
"""Called with the candidate, the number of the repetition and why it could not be measured."""


def measure_repeated(
    package: ModelPackage,
    candidates: Sequence[Candidate],
    workload: Workload,
    rows: NDArray[np.float32],
    *,
    seed: int,
    measurement: Measurement,
    scenario_toml: str,
    application: Application = "model",
    progress: Progress = silent,
    cancelled: CancelCheck = never,
    before_run: BeforeRun | None = None,
    on_trace: OnTrace | None = None,
    on_failure: OnFailure | None = None,
) -> dict[str, list[Trace]]:
    """Measure every candidate `measurement.repetitions` times, each deployed afresh; traces by candidate's name.

    A repetition has a seed of its own, and all candidates meet the same traffic in it. The order changes from one
    repetition to the next, so that none always follows the same other one.

    A candidate that cannot be measured stops all, unless there is an `on_failure`: then it alone is given up.
    """
    found: dict[str, list[Trace]] = {candidate.name: [] for candidate in candidates}
    given_up: set[str] = set()
    total = measurement.repetitions * len(candidates)
    for done, (repetition, candidate) in enumerate(_turns(candidates, measurement.repetitions)):

        def step(stage: str, share: float, done: int = done, name: str = candidate.name, r: int = repetition) -> None:
            text = f"{stage} {name}, repetition {r + 1} of {measurement.repetitions}"
            progress(text, (done + share) / total)

        run_seed = repetition_seed(seed, repetition)
        if candidate.name in given_up:
            continue
        if before_run is not None:
            before_run(candidate, repetition, run_seed)
        try:
            trace = measure(
                package, candidate, workload, rows, seed=run_seed, measurement=measurement,
                scenario_toml=scenario_toml, application=application, progress=step, cancelled=cancelled,
            )  # fmt: skip
        except DrydockError as error:
            if on_failure is None or isinstance(error, Cancelled):
                raise
            given_up.add(candidate.name)
            on_failure(candidate, repetition, error)
            continue
        found[candidate.name].append(trace)
        if on_trace is not None:
            on_trace(candidate, repetition, trace)
    progress("measured", 1.0)
    return found


def repetition_seed(seed: int, repetition: int) -> int:
    """Seed of a repetition: the first has the scenario's own, so that one repetition alone makes the same trace."""
    return (seed + repetition) % 2**63


def _turns(candidates: Sequence[Candidate], repetitions: int) -> list[tuple[int, Candidate]]:
    shift = len(candidates)
    return [(r, candidates[(i + r) % shift]) for r in range(repetitions) for i in range(shift)]
