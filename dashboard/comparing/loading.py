"""The results of a comparison, read from the store once."""

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd

from dashboard.work import owner
from data.store import Run, RunFilter, RunStore
from data.trace import Trace
from simulators.comparison.comparison import Comparison
from simulators.comparison.rows import rows
from simulators.comparison.saved import load_comparison


def store() -> RunStore:
    """The runs that this browser may see."""
    return RunStore(owner())


def comparison_of(group: str) -> Comparison | None:
    """What came of the group's runs; None where this browser sees no such runs."""
    runs = store().find(RunFilter(group=group))
    return _loaded(owner(), group, tuple(sorted((run.id, run.status, run.title) for run in runs))) if runs else None


@lru_cache(maxsize=8)
def _loaded(session: str, group: str, _state: tuple[tuple[str, str, str], ...]) -> Comparison:
    """`_state` is all that can change about the group: with it, what was loaded before is still right."""
    return load_comparison(RunStore(session), group)


def title_of(comparison: Comparison) -> str:
    """What people call it."""
    return runs_of(comparison)[0].title or comparison.scenario.title or comparison.scenario.name


def runs_of(comparison: Comparison) -> list[Run]:
    """All its runs, by candidate and repetition."""
    return [run for result in comparison.results for run in result.runs]


def traces_of(comparison: Comparison, *, valid: bool = False) -> Mapping[str, tuple[Trace, ...]]:
    """The traces of each candidate that has any; with `valid`, only where the figures are to be trusted."""
    return {
        result.candidate.name: result.traces
        for result in comparison.results
        if result.summary is not None and (result.summary.valid or not valid)
    }


def figures(comparison: Comparison) -> pd.DataFrame:
    """A line a figure, a column a candidate: the verdict, whether it was measured or simulated, and every figure."""
    table = {row.candidate: {"SLO": row.verdict, "source": row.origin, **row.cells} for row in rows(comparison)}
    return pd.DataFrame(table).rename_axis("figure").fillna("–")
