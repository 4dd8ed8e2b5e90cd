"""The results of a comparison: its runs, their traces and figures, read from the store once."""

from dataclasses import dataclass
from functools import lru_cache

from dashboard.work import owner
from data.estimates.summary import Summary, summarise
from data.scenario import Scenario
from data.store import Run, RunFilter, RunStore
from data.trace import Trace


@dataclass(frozen=True, slots=True)
class Results:
    """What a group of runs gave."""

    group: str
    runs: tuple[Run, ...]
    """In order of candidate and repetition; those without a trace too."""
    scenario: Scenario
    traces: dict[str, tuple[Trace, ...]]
    """By candidate, in the scenario's order; only of runs that ended with one."""
    summaries: dict[str, Summary]

    @property
    def title(self) -> str:
        run = self.runs[0]
        return run.title or self.scenario.title or self.scenario.name


def store() -> RunStore:
    """The runs that this browser may see."""
    return RunStore(owner())


def results_of(group: str) -> Results | None:
    """The group's results; None where this browser sees no such runs."""
    runs = store().list(RunFilter(group=group))
    if not runs:
        return None
    return _loaded(owner(), tuple(sorted((run.id, run.status, run.title) for run in runs)))


@lru_cache(maxsize=8)
def _loaded(session: str, key: tuple[tuple[str, str, str], ...]) -> Results:
    """Keyed by all that can change about a run that has ended."""
    own = RunStore(session)
    runs = [own.get(run_id) for run_id, _, _ in key]
    scenario = Scenario.from_toml(runs[0].scenario)
    order = [candidate.name for candidate in scenario.candidates]
    runs.sort(key=lambda run: (order.index(run.candidate), run.repetition))
    traces = {
        name: tuple(own.trace(run.id) for run in runs if run.candidate == name and run.trace_file) for name in order
    }
    traces = {name: found for name, found in traces.items() if found}
    summaries = {name: summarise(found, scenario.slo) for name, found in traces.items()}
    return Results(runs[0].group, tuple(runs), scenario, traces, summaries)
