"""Comparisons as the store keeps them: whoever reads the same runs, page or command, gets the same figures."""

from data.errors import InvalidValue
from data.scenario import Scenario
from data.store import RunFilter, RunStore
from simulators.comparison.comparison import Comparison, result_of


def load_comparison(store: RunStore, group: str) -> Comparison:
    """The comparison whose runs have that group, computed from their traces.

    Candidates without a run in the group, not measured yet or on purpose, are left out. Raises `InvalidValue` for a
    group of which this session sees no run.
    """
    runs = sorted(store.find(RunFilter(group=group)), key=lambda run: (run.repetition, run.id))
    if not runs:
        raise InvalidValue("comparison", group, "has no runs that this session sees", "compare the scenario again")
    scenario = Scenario.from_toml(runs[0].scenario)
    results = []
    for candidate in scenario.candidates:
        mine = [run for run in runs if run.candidate == candidate.name]
        if mine:
            traces = [store.trace(run.id) for run in mine if run.trace_file]
            results.append(result_of(scenario, candidate, mine, traces))
    return Comparison(scenario, group, tuple(results))
