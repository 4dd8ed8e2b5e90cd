"""Deciding anew, as a job of the queue: other limits, prices or weights need nothing measured again."""

from dataclasses import replace
from typing import Any

from data.errors import InvalidValue
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison, result_of
from strategies.training.watch import CancelCheck, Progress, never, silent

DECIDE = "simulators.decision.job:run_decision"
_DECISION_ONLY = ("name", "title", "slo", "budget", "prices", "forecast", "cost", "stakes", "faults", "weights")


def measured_alike(one: Scenario, other: Scenario) -> bool:
    """Whether the same runs answer both: they differ only in what a decision is made of."""
    return _bare(one) == _bare(other)


def asked_of(comparison: Comparison, scenario: Scenario) -> Comparison:
    """The same runs, judged by another scenario that is measured alike."""
    if not measured_alike(comparison.scenario, scenario):
        rule = "was measured otherwise"
        raise InvalidValue("scenario", scenario.name, rule, "run the comparison again")
    results = tuple(
        result_of(scenario, scenario.candidate(r.candidate.name), r.runs, r.traces) for r in comparison.results
    )
    return replace(comparison, scenario=scenario, results=results)


def run_decision(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Decide on runs that are there already, and keep the decision.

    Parameters
    ----------
    payload
        `group` of the runs; `scenario`, the TOML text to judge them by; `session`, whose they are.

    Returns
    -------
    dict
        `group`.
    """
    from data.store import RunStore  # the page names this job, and need not load what does it
    from simulators.comparison.saved import load_comparison
    from simulators.decision.decide import decide
    from simulators.decision.evidence import evidence_for
    from simulators.decision.saved import keep_decision

    scenario = Scenario.from_toml(payload["scenario"])
    progress("reading the runs", 0.0)
    comparison = load_comparison(RunStore(payload.get("session", "")), payload["group"])
    asked = asked_of(comparison, scenario)
    evidence = evidence_for(comparison.scenario)
    keep_decision(decide(asked, evidence, progress=progress, cancelled=cancelled))
    return {"group": comparison.group}


def _bare(scenario: Scenario) -> dict[str, Any]:
    tables = {name: value for name, value in scenario.to_mapping().items() if name not in _DECISION_ONLY}
    tables["candidates"] = [
        {name: value for name, value in candidate.items() if name not in ("sizing", "release")}
        for candidate in tables["candidates"]
    ]
    return tables
