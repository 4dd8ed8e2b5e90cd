"""A comparison: what came of each candidate of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data.estimates import Summary, summarise
from data.provenance import Origin
from data.scenario import Candidate, Scenario
from data.store import Run
from data.trace import Trace
from simulators.comparison.verdict import Outcome, Verdict, judge
from strategies.loadgen.lateness import only_late


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one candidate."""

    candidate: Candidate
    runs: tuple[Run, ...]
    """In order of repetition; also those that failed."""
    traces: tuple[Trace, ...] = field(repr=False, compare=False)
    """Of the runs that have one, in order of repetition."""
    summary: Summary | None
    """Figures over all repetitions; None where no run has a trace."""
    verdict: Verdict

    @property
    def origin(self) -> Origin:
        return self.runs[0].origin if self.runs else "measured"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of a scenario's candidates, all met by the same traffic."""

    scenario: Scenario
    group: str
    """What the runs have in common in the store."""
    results: tuple[Result, ...]
    """In the scenario's order."""

    @property
    def outcome(self) -> Outcome:
        """What can be said of all candidates: the first of missed, not measured, invalid, not shown that any is."""
        found = {result.verdict.outcome for result in self.results}
        worst: tuple[Outcome, ...] = ("missed", "not_measured", "invalid", "not_shown")
        return next((outcome for outcome in worst if outcome in found), "met")

    @property
    def models(self) -> tuple[str, ...]:
        """Versions of the model that answered, in any run."""
        return tuple(sorted({version for result in self.results for t in result.traces for version in t.versions}))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        run = next((run for result in self.results for run in result.runs), None)
        return {
            "name": self.scenario.name,
            "title": self.scenario.title,
            "group": self.group,
            "seed": self.scenario.seed,
            "outcome": self.outcome,
            "slo": self.scenario.slo.model_dump(),
            "models": list(self.models),
            "candidates": [_result_dict(result) for result in self.results],
            "software": dict(run.software) if run else {},
            "machine": dict(run.machine) if run else {},
            "scenario": self.scenario.to_toml(),
        }


def result_of(scenario: Scenario, candidate: Candidate, runs: Sequence[Run], traces: Sequence[Trace]) -> Result:
    """Compute a candidate's figures and judge them; `traces` are those of the runs that have one.

    Runs in which the load generator itself was late are left out as long as there are others, and it is said.
    """
    late = [trace for trace in traces if only_late(trace.provenance.problems)]
    counted = [trace for trace in traces if trace not in late] or traces
    summary = summarise(counted, scenario.slo) if counted else None
    if summary and len(counted) < len(traces):
        note = f"{len(late)} of {len(traces)} runs left out: {late[0].provenance.problems[0]}"
        summary = replace(summary, notes=(note, *summary.notes))
    broken = [problem for run in runs if not run.trace_file for problem in run.problems or (run.status,)]
    verdict = judge(summary, scenario.slo, broken)
    return Result(candidate, tuple(runs), tuple(traces), summary, verdict)


def _result_dict(result: Result) -> dict[str, Any]:
    return {
        "name": result.candidate.name,
        "origin": result.origin,
        "outcome": result.verdict.outcome,
        "reasons": list(result.verdict.reasons),
        "deployment": result.candidate.model_dump(exclude={"name"}),
        "figures": result.summary.to_dict() if result.summary else None,
        "runs": [{"id": run.id, "status": run.status, "seed": run.seed} for run in result.runs],
    }
