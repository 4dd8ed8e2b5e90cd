"""The steady-state check, on runs made up to be steady or not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.provenance import Provenance
from data.trace import Status, Trace
from data.usage import Usage
from strategies.measuring.steadiness import steadiness_note


def run(latency_ms: NDArray[np.float64], scheduled_s: NDArray[np.float64], status: int = Status.OK) -> Trace:
    columns = {
        "scheduled_s": scheduled_s,
        "end_s": scheduled_s + latency_ms / 1e3,
        "status": np.full(len(scheduled_s), status, np.uint8),
    }
    provenance = Provenance("measured", "api", "", 1, warm_up_s=1.0)
    return Trace.build(columns, versions=(), usage=Usage(), provenance=provenance)


EVENLY = np.linspace(0.0, 10.0, 3_000, endpoint=False)  # one second of warm-up, nine that count


def test_equal_thirds_are_steady() -> None:
    noise = np.random.default_rng(1).lognormal(1.0, 0.3, 3_000)
    assert steadiness_note(run(noise, EVENLY), 9.0) == ""


def test_the_warm_up_may_be_as_unsteady_as_it_likes() -> None:
    latency_ms = np.where(EVENLY < 1.0, 500.0, 3.0)
    assert steadiness_note(run(latency_ms, EVENLY), 9.0) == ""


@pytest.mark.parametrize(("factor", "steady"), [(1.1, True), (1.3, False), (0.7, False)])
def test_a_last_third_of_another_latency_is_told_with_its_medians(factor: float, steady: bool) -> None:
    latency_ms = np.where(EVENLY < 7.0, 10.0, 10.0 * factor)
    note = steadiness_note(run(latency_ms, EVENLY), 9.0)
    assert (note == "") is steady
    assert steady or f"median latency 10, 10, {10 * factor:.3g} ms" in note


def test_falling_behind_is_told() -> None:
    # Answers come later and later, by half the time that has passed: fewer and fewer a second.
    latency_ms = np.where(EVENLY < 4.0, 20.0, 20.0 + 500.0 * (EVENLY - 4.0))
    note = steadiness_note(run(latency_ms, EVENLY), 9.0)
    assert "median latency" in note
    assert "answers per request" in note


def test_a_rate_that_changes_by_design_is_steady_while_all_are_answered_alike() -> None:
    at_s = np.sort(np.concatenate([EVENLY, np.linspace(5.0, 6.0, 3_000)]))
    assert steadiness_note(run(np.full(6_000, 3.0), at_s), 9.0) == ""


@pytest.mark.parametrize("status", [Status.OK, Status.ERROR])
def test_too_few_answers_say_so(status: int) -> None:
    at_s = EVENLY[::50] if status == Status.OK else EVENLY
    assert "Too few answers" in steadiness_note(run(np.full(len(at_s), 3.0), at_s, status), 9.0)
