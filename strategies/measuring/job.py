"""A scenario's candidates measured as one job: what the queue runs in a process of its own."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import Cancelled, DrydockError
from data.estimates import summarise
from data.scenario import Candidate, Scenario
from data.trace import Trace
from strategies.jobs.processes import MARK
from strategies.measuring.repeated import measure_repeated
from strategies.measuring.rows import request_rows
from strategies.packaging.package import ModelPackage
from strategies.training.watch import CancelCheck, Progress, never, silent

if TYPE_CHECKING:  # whoever only names the job need not wait for the database's libraries
    from data.store import RunStore


def run_measurement(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Measure a scenario's candidates, keep every run in the store, and answer with the runs' identifiers.

    A candidate that cannot be measured does not stop the others; if none can be, the first one's error is raised.

    Parameters
    ----------
    payload
        `scenario`: its TOML text. `package`: folder of the model package. Optional: `candidates`, names of those to
        measure (all, without it); `rows`, a .npy file with encoded rows instead of the dataset's held-out ones;
        `session`, whose runs they are; `group`, a name that the runs have in common.

    Returns
    -------
    dict
        `group`: the runs' group. `runs`: candidate to run identifiers, in order of repetition. `summaries`: candidate
        to `Summary.to_dict()`. `problems`: candidate to why its figures are not to be trusted, or why it could not be
        measured at all, where that is so.
    """
    from data.store import RunStore

    progress("loading rows", 0.0)
    scenario = Scenario.from_toml(payload["scenario"])
    package = ModelPackage.open(Path(payload["package"]))
    rows = np.load(payload["rows"]) if payload.get("rows") else request_rows(scenario, package)
    wanted = payload.get("candidates") or [candidate.name for candidate in scenario.candidates]
    book = _Book(scenario, RunStore(payload.get("session", "")), payload.get("group", ""))
    try:
        traces = measure_repeated(
            package,
            [scenario.candidate(name) for name in wanted],
            scenario.workload,
            rows,
            seed=scenario.seed,
            measurement=scenario.measurement,
            scenario_toml=scenario.to_toml(),
            application=scenario.application,
            progress=progress,
            cancelled=cancelled,
            before_run=book.begin,
            on_trace=book.keep,
            on_failure=book.fail,
        )
    except Cancelled:
        book.stop("cancelled", "it was cancelled")
        raise
    except BaseException as error:
        book.stop("failed", f"{type(error).__name__}: {error}")
        raise
    return book.report(traces)


class _Book:
    """Enters runs in the store as they begin and end."""

    def __init__(self, scenario: Scenario, store: "RunStore", group: str) -> None:
        self._scenario, self._store, self.group = scenario, store, group
        self._runs: dict[str, list[str]] = {}
        self._current = ""
        self._failures: dict[str, DrydockError] = {}
        # A run may last this long without a word before it counts as dead.
        measurement = scenario.measurement
        self._lease_s = scenario.workload.duration_s + measurement.warm_up_s + measurement.timeout_s + 300.0

    def begin(self, candidate: Candidate, repetition: int, seed: int) -> None:
        run = self._store.start(
            self._scenario, candidate.name, seed=seed, group=self.group, repetition=repetition,
            job=os.environ.get(MARK, ""), lease_s=self._lease_s,
        )  # fmt: skip
        self.group, self._current = run.group, run.id

    def keep(self, candidate: Candidate, _repetition: int, trace: Trace) -> None:
        figures = summarise([trace], self._scenario.slo).to_dict()
        self._store.finish(self._current, trace, figures)
        self._runs.setdefault(candidate.name, []).append(self._current)
        self._current = ""

    def fail(self, candidate: Candidate, _repetition: int, error: DrydockError) -> None:
        self.stop("failed", str(error))
        self._failures[candidate.name] = error
        self._current = ""

    def stop(self, status: Any, reason: str) -> None:
        if self._current:
            self._store.end(self._current, status, reason)

    def report(self, traces: dict[str, Sequence[Trace]] | dict[str, list[Trace]]) -> dict[str, Any]:
        if not any(traces.values()):
            raise next(iter(self._failures.values()))
        summaries = {name: summarise(found, self._scenario.slo) for name, found in traces.items() if found}
        problems = {name: list(summary.problems) for name, summary in summaries.items()}
        for name, error in self._failures.items():
            problems[name] = [*problems.get(name, []), str(error)]
        return {
            "group": self.group,
            "runs": self._runs,
            "summaries": {name: summary.to_dict() for name, summary in summaries.items()},
            "problems": {name: found for name, found in problems.items() if found},
        }
