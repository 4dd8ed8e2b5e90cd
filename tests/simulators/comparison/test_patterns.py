"""The four-pattern table from known runs and known parts."""

import numpy as np
import pytest

from data.discovery import kinds
from data.estimates import as_text
from data.provenance import Provenance
from data.scenario import Candidate, Scenario
from data.trace import Status, Trace
from data.usage import Usage
from simulators.comparison.comparison import Result, result_of
from simulators.comparison.patterns import pattern_table
from simulators.comparison.patterns_claims import CLAIMS, PATTERNS, QUESTIONS
from strategies.contract import Strategy
from strategies.survey.parts import Parts
from strategies.survey.survey import Survey
from strategies.survey.taking_up import TakingUp

SCENARIO = Scenario.default()
N = 400
EMBEDDED = Survey(
    "embedded", "process", 1, "2026-01-01T00:00:00+00:00", Parts(("application",), 1, 0, (), 0), True, None
)
STREAMING = Survey(
    "streaming", "process", 1, "2026-01-01T00:00:00+00:00",
    Parts(("application", "strategies.streams.server", "strategies.streams.consumer"), 4, 1, ("a", "b", "c"), 1),
    False, TakingUp("v2", 60, 1, 0.07, 0.0675, 0.034, 50.0),
)  # fmt: skip


def made(
    strategy: str, *, start_s: np.ndarray | None = None, problems: tuple[str, ...] = (), ok: bool = True
) -> Result:
    due = np.arange(N) / 100
    columns = {"scheduled_s": due, "end_s": due + 0.002, "status": np.full(N, Status.OK if ok else Status.TIMEOUT)}
    if start_s is not None:
        columns["start_s"] = start_s
    provenance = Provenance("measured", strategy, "", 1, 0.0, problems=problems)
    trace = Trace.build(columns, versions=("v1",), usage=Usage(), provenance=provenance)
    return result_of(SCENARIO, Candidate(name=strategy, strategy=strategy), (), (trace,))


def cells(results: list[Result], surveys: dict[str, Survey], question: str, strategy: str) -> tuple[str, str]:
    row = next(row for row in pattern_table(results, surveys) if row.name == question)
    return row.cells[strategy].basis, row.cells[strategy].found


def test_every_cell_is_claimed_and_without_runs_says_what_to_run() -> None:
    table = pattern_table((), {})
    assert [row.name for row in table] == list(QUESTIONS)
    for row in table:
        assert list(row.cells) == list(PATTERNS)
        for strategy, cell in row.cells.items():
            assert cell.claimed == CLAIMS[row.name][strategy]
            assert cell.basis == "not run yet"
            assert "press " in cell.found.lower()


def test_the_patterns_are_strategies() -> None:
    assert set(PATTERNS) <= set(kinds("strategies", Strategy))  # type: ignore[type-abstract]


def test_latency_is_that_of_the_runs_with_interval_and_n() -> None:
    result = made("api")
    basis, found = cells([result], {}, "latency", "api")
    assert basis == "measured"
    assert result.summary is not None
    assert as_text(result.summary.p50_ms) in found
    assert as_text(result.summary.p95_ms) in found
    assert f"n={N}" in found


def test_runs_that_are_not_to_be_trusted_say_so() -> None:
    assert cells([made("api", problems=("late",))], {}, "latency", "api")[0] == "not valid"


@pytest.mark.parametrize(
    ("start_s", "expected"),
    [
        (np.arange(N) / 100, f"On the fly: {N} answers, taken up at {N} moments"),
        (np.repeat([1.0, 2.0], N // 2), f"Offline: {N} answers by 2 jobs"),
        (None, f"On the fly: {N} answers, taken up at {N} moments"),
    ],
)
def test_on_the_fly_or_offline_is_seen_in_when_requests_were_taken_up(start_s: np.ndarray, expected: str) -> None:
    assert cells([made("batch", start_s=start_s)], {}, "prediction", "batch") == ("measured", expected)


def test_a_run_without_answers_is_no_verdict() -> None:
    assert cells([made("api", ok=False)], {}, "prediction", "api")[1] == "No request was answered."


def test_parts_are_counted_one_by_one() -> None:
    surveys = {"embedded": EMBEDDED, "streaming": STREAMING}
    assert cells([], surveys, "difficulty", "embedded") == (
        "counted",
        "4 in all: 1 unit (application), 1 process, 0 ports, 0 stores, 0 brokers, 2 steps to update",
    )
    assert cells([], surveys, "difficulty", "streaming") == (
        "counted",
        "13 in all: 3 units (application, broker, consumer), 4 processes, 1 port, 3 stores, 1 broker, 1 step to update",
    )
    assert cells([], surveys, "delivery", "embedded")[1].startswith("Within the application's process: 0 other")
    assert "1 broker with 3 streams" in cells([], surveys, "delivery", "streaming")[1]


def test_an_update_is_a_deployment_or_a_measurement() -> None:
    surveys = {"embedded": EMBEDDED, "streaming": STREAMING}
    assert cells([], surveys, "update", "embedded") == ("counted", "Yes: needs a deployment of the application")
    basis, found = cells([], surveys, "update", "streaming")
    assert basis == "measured"
    assert "67.5 ms after it was published, the last by the old one after 34.0 ms" in found
    assert "1 of 60 requests dropped" in found


def test_the_first_measured_candidate_stands_for_its_strategy() -> None:
    broken = result_of(SCENARIO, Candidate(name="first", strategy="api"), (), ())
    assert cells([broken, made("api")], {}, "latency", "api")[0] == "measured"
