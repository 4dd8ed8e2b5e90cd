"""Keeping what a browser measured: a run in the store, like any other."""

from collections.abc import Mapping
from typing import Any

from data.estimates import Summary, summarise
from data.store import Run, RunStore
from strategies.browsing.report import CANDIDATE, read_report, scenario_of, trace_of
from strategies.browsing.rows import BrowserRows
from strategies.packaging.package import ModelPackage


def keep_report(
    raw: Mapping[str, Any], package: ModelPackage, given: BrowserRows, store: RunStore
) -> tuple[Run, Summary]:
    """Check what a browser sent about `package` and the rows it was given, and enter it as a run with its trace.

    Raises `InvalidValue` for a report that makes no sense; nothing is entered then. A report whose answers are not the
    server's is kept as a run that is invalid.
    """
    report = read_report(raw)
    scenario = scenario_of(package, report, given)
    trace = trace_of(package, report, given, scenario)
    summary = summarise([trace], scenario.slo)
    run = store.start(scenario, CANDIDATE, seed=scenario.seed)
    return store.finish(run.id, trace, summary.to_dict()), summary
