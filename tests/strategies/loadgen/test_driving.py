"""The load generator on deployments of known behaviour."""

import gc
import sys
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import Cancelled
from data.trace import COLUMNS, Status
from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule
from strategies.loadgen import Driven, drive
from strategies.loadgen.lateness import lateness_note, lateness_problems
from tests.strategies.loadgen.deployments import Scripted, spend

ROWS = np.zeros((5, 3), np.float32)


def open_schedule(at_s: NDArray[np.float64] | list[float], duration_s: float = 0.3) -> OpenSchedule:
    at = np.asarray(at_s, np.float64)
    return OpenSchedule(at, np.arange(len(at)) % len(ROWS), duration_s)


def closed_schedule(users: int, think_s: float, duration_s: float, planned: int = 50) -> ClosedSchedule:
    return ClosedSchedule(np.full((users, planned), think_s), np.zeros((users, planned), np.int64), duration_s)


def latency_s(driven: Driven) -> NDArray[np.float64]:
    found: NDArray[np.float64] = driven.columns["end_s"] - driven.columns["scheduled_s"]
    return found


def test_every_request_of_an_open_schedule_is_sent_once_in_order_with_its_row() -> None:
    schedule = open_schedule(np.linspace(0.0, 0.3, 200, endpoint=False))
    deployment = Scripted()
    driven = drive(deployment, schedule, ROWS, timeout_s=2.0)
    assert deployment.rows == len(ROWS)
    assert deployment.issued == list(range(200))
    assert deployment.flushed == 1
    columns = driven.columns
    assert np.array_equal(columns["scheduled_s"], schedule.at_s)
    assert np.array_equal(columns["row"], schedule.row)
    assert np.all(columns["sent_s"] >= columns["scheduled_s"])
    assert np.all(columns["end_s"] >= columns["start_s"])
    assert np.all(columns["start_s"] >= columns["sent_s"])
    assert set(columns["status"]) == {Status.OK}
    assert set(columns["replica"]) == {2}
    assert np.all(driven.outputs == [0.25, 0.75])
    assert driven.versions == ("v1",)


def test_columns_are_those_of_a_trace_in_its_types() -> None:
    driven = drive(Scripted(), open_schedule([0.0, 0.01]), ROWS, timeout_s=1.0)
    assert driven.columns.keys() == COLUMNS.keys() - {"answer"}
    assert all(driven.columns[name].dtype == COLUMNS[name] for name in driven.columns)


@pytest.mark.parametrize(
    "schedule",
    [open_schedule(np.linspace(0.0, 60.0, 6_000), 60.0), closed_schedule(2, 0.005, 60.0)],
    ids=["open", "closed"],
)
def test_whoever_has_enough_ends_it_and_what_was_sent_is_answered(schedule: Schedule) -> None:
    deployment = Scripted()
    driven = drive(deployment, schedule, ROWS, timeout_s=2.0, enough=lambda: len(deployment.issued) >= 20)
    assert 20 <= len(deployment.issued) == len(driven.late_s) < 3_000
    assert set(driven.columns["status"]) == {Status.OK}
    assert deployment.flushed == 1


def test_a_schedule_without_requests_ends_at_once() -> None:
    driven = drive(Scripted(), open_schedule([], duration_s=60.0), ROWS, timeout_s=60.0)
    assert len(driven.late_s) == len(driven.outputs) == 0
    assert driven.problems == ()


def test_requests_of_the_same_moment_are_issued_together_and_large_groups_in_parts() -> None:
    deployment = Scripted()
    drive(deployment, open_schedule([0.0] * 2_500 + [0.01, 0.01, 0.02]), ROWS, timeout_s=5.0)
    assert deployment.group_sizes == [1_000, 1_000, 500, 2, 1]


def test_waiting_for_a_deployment_that_answers_within_the_call_is_queueing_not_lateness() -> None:
    def slow(deployment: Scripted, request: object, done: object) -> None:
        spend(0.004)
        done(deployment.ok(request))  # type: ignore[operator, arg-type]

    driven = drive(Scripted(slow), open_schedule(np.linspace(0.0, 0.2, 100, endpoint=False)), ROWS, timeout_s=5.0)
    waited = driven.columns["sent_s"] - driven.columns["scheduled_s"]
    assert np.median(waited) > 0.08  # 2 ms between requests of 4 ms each: the queue grows by 2 ms a request
    assert np.median(driven.late_s) < 0.001
    assert np.all(driven.late_s >= 0)
    assert latency_s(driven)[-1] > 0.19


def test_a_generator_that_its_own_client_holds_up_declares_the_run_invalid() -> None:
    def blocks(deployment: Scripted, request: object, done: object) -> None:
        spend(0.004)
        deployment.hold(request, done)  # type: ignore[arg-type]

    driven = drive(Scripted(blocks), open_schedule(np.linspace(0.0, 0.2, 100, endpoint=False)), ROWS, timeout_s=5.0)
    # Answers come with the flush, after some 0.2 s, so errors up to 5% of that would have been tolerated.
    assert np.quantile(driven.late_s, 0.99) > 0.1
    (problem,) = driven.problems
    assert "could not keep its schedule" in problem
    assert "n=100" in problem


@pytest.mark.parametrize(
    ("late_ms", "latency_ms", "valid"),
    [(0.9, 1.0, True), (1.1, 1.0, False), (1.1, 21.9, False), (1.1, 22.1, True), (30.0, 500.0, False)],
)
def test_the_limit_of_lateness_is_a_millisecond_or_what_cannot_matter(
    late_ms: float, latency_ms: float, valid: bool
) -> None:
    n = 1_000
    late_s = np.zeros(n)
    late_s[:12] = late_ms / 1e3  # the 99th percentile lies among the twelve largest
    columns = {
        "scheduled_s": np.zeros(n), "end_s": np.full(n, latency_ms / 1e3), "status": np.zeros(n, np.uint8)
    }  # fmt: skip
    found = lateness_problems(columns, late_s)
    assert (found == ()) is valid
    assert valid or f"{late_ms:.2f} ms" in found[0]


@pytest.mark.parametrize(
    ("late_ms", "latency_ms", "told"), [(0.04, 1.0, False), (0.06, 1.0, True), (0.9, 100.0, False)]
)
def test_a_tail_that_is_partly_the_generators_own_is_told(late_ms: float, latency_ms: float, told: bool) -> None:
    columns = {"scheduled_s": np.zeros(500), "end_s": np.full(500, latency_ms / 1e3), "status": np.zeros(500, np.uint8)}
    note = lateness_note(columns, np.full(500, late_ms / 1e3))
    assert (note != "") is told
    assert not told or f"{late_ms:.3g} ms may be" in note


def test_lateness_of_requests_that_were_never_sent_is_nobodys() -> None:
    columns = {"scheduled_s": np.zeros(3), "end_s": np.ones(3), "status": np.full(3, Status.TIMEOUT)}
    assert lateness_problems(columns, np.full(3, np.nan)) == ()
    assert lateness_note(columns, np.full(3, np.nan)) == ""


def silent() -> Scripted:
    """A deployment that never answers, whatever it is told."""
    deployment = Scripted(Scripted.hold)
    deployment.flush = lambda: None  # type: ignore[method-assign]
    return deployment


def test_no_answer_is_a_timeout_at_the_deadline() -> None:
    driven = drive(silent(), open_schedule([0.0, 0.01, 0.05]), ROWS, timeout_s=0.2)
    assert list(driven.columns["status"]) == [Status.TIMEOUT] * 3
    assert latency_s(driven) == pytest.approx(0.2)
    assert driven.reasons == {"no answer in time": 3}


def test_an_answer_after_the_deadline_does_not_count() -> None:
    def too_late(deployment: Scripted, request: object, done: object) -> None:
        spend(0.03)
        done(deployment.ok(request))  # type: ignore[operator, arg-type]

    driven = drive(Scripted(too_late), open_schedule([0.0]), ROWS, timeout_s=0.02)
    assert list(driven.columns["status"]) == [Status.TIMEOUT]
    assert latency_s(driven) == pytest.approx([0.02])
    assert np.isnan(driven.outputs).all()
    assert driven.reasons == {"answered too late": 1}


def test_a_request_whose_turn_comes_after_its_deadline_is_never_sent() -> None:
    def slow(deployment: Scripted, request: object, done: object) -> None:
        spend(0.05)
        done(deployment.ok(request))  # type: ignore[operator, arg-type]

    deployment = Scripted(slow)
    driven = drive(deployment, open_schedule(np.linspace(0, 0.01, 10)), ROWS, timeout_s=0.12)
    never = np.isnan(driven.columns["sent_s"])
    assert len(deployment.issued) == (~never).sum() <= 4
    assert set(driven.columns["status"][never]) == {Status.TIMEOUT}
    assert latency_s(driven)[never] == pytest.approx(0.12)


def test_an_answer_given_twice_counts_once_and_a_shadows_copy_becomes_an_entry_of_its_own() -> None:
    def twice(deployment: Scripted, request: object, done: object) -> None:
        done(deployment.ok(request))  # type: ignore[operator, arg-type]
        done(deployment.ok(request))  # type: ignore[operator, arg-type]
        done(deployment.ok(request, "v2", mirrored=True))  # type: ignore[operator, arg-type]

    driven = drive(Scripted(twice), open_schedule([0.0, 0.01, 0.02]), ROWS, timeout_s=1.0)
    columns = driven.columns
    assert list(columns["mirrored"]) == [False] * 3 + [True] * 3
    assert np.array_equal(columns["scheduled_s"][:3], columns["scheduled_s"][3:])
    assert [driven.versions[v] for v in columns["version"]] == ["v1"] * 3 + ["v2"] * 3
    assert driven.outputs.shape == (6, 2)
    assert not np.isnan(driven.outputs).any()


def test_the_usage_counts_from_the_moment_asked_for() -> None:
    driven = drive(Scripted(), open_schedule(np.linspace(0, 0.2, 20)), ROWS, timeout_s=1.0, usage_from_s=0.1)
    assert (driven.usage_before.cpu_s, driven.usage_after.cpu_s) == (1.0, 2.0)


@pytest.mark.parametrize("closed", [False, True])
def test_when_no_more_is_coming_the_deployment_is_told_and_its_answers_are_awaited(closed: bool) -> None:
    schedule = closed_schedule(4, 0.01, 0.1) if closed else open_schedule(np.linspace(0, 0.1, 20), 0.1)
    deployment = Scripted(Scripted.hold)
    driven = drive(deployment, schedule, ROWS, timeout_s=5.0)
    assert deployment.flushed == 1
    assert len(driven.late_s) == (4 if closed else 20)
    assert set(driven.columns["status"]) == {Status.OK}
    assert np.all(driven.columns["end_s"] >= 0.1)


def test_a_dead_deployment_ends_the_run_with_a_clear_status() -> None:
    deployment = Scripted()
    deployment.dies_after = 20
    began_s = time.perf_counter()
    driven = drive(deployment, open_schedule(np.linspace(0, 60, 6_000), 60.0), ROWS, timeout_s=60.0)
    assert time.perf_counter() - began_s < 30.0
    assert len(driven.late_s) == 6_000
    answered = driven.columns["status"] == Status.OK
    assert 20 <= answered.sum() < 3_000
    assert set(driven.columns["status"][~answered]) == {Status.ERROR}
    assert np.all(latency_s(driven) >= 0)
    assert "killed by SIGKILL" in driven.problems[0]
    assert any("killed by SIGKILL" in reason for reason in driven.reasons)


def test_a_death_while_answers_are_outstanding_ends_them() -> None:
    deployment = silent()
    deployment.dies_after = 3
    driven = drive(deployment, open_schedule([0.0, 0.01, 0.02]), ROWS, timeout_s=60.0)
    assert list(driven.columns["status"]) == [Status.ERROR] * 3
    assert not np.isnan(driven.columns["sent_s"]).any()


def test_cancelling_stops_at_once_and_leaves_the_interpreter_as_it_was() -> None:
    turn_s, began_s = sys.getswitchinterval(), time.perf_counter()
    with pytest.raises(Cancelled):
        drive(
            Scripted(), open_schedule(np.linspace(0, 60, 600), 60.0), ROWS, timeout_s=1.0,
            cancelled=lambda: time.perf_counter() - began_s > 0.2,
        )  # fmt: skip
    assert time.perf_counter() - began_s < 10.0
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert sys.getswitchinterval() == turn_s


def test_progress_rises_to_the_end() -> None:
    shares: list[float] = []
    drive(Scripted(), open_schedule(np.linspace(0, 0.4, 40), 0.4), ROWS, timeout_s=1.0, on_progress=shares.append)
    assert len(shares) >= 3
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] <= 1.0


def test_the_collector_rests_while_it_measures() -> None:
    seen: list[bool] = []
    deployment = Scripted(lambda d, request, done: (seen.append(gc.isenabled()), done(d.ok(request)))[1])
    drive(deployment, open_schedule([0.0]), ROWS, timeout_s=1.0)
    assert seen == [False]
    assert gc.isenabled()


def test_users_of_a_closed_loop_ask_one_at_a_time_and_think_in_between() -> None:
    driven = drive(Scripted(), closed_schedule(3, 0.02, 0.3), ROWS, timeout_s=1.0)
    scheduled, end = driven.columns["scheduled_s"], driven.columns["end_s"]
    assert np.all(scheduled[:3] == 0.02)
    assert np.all(scheduled < 0.3)
    assert np.all(np.diff(scheduled) >= 0)
    # Three users: each request is planned 20 ms after the end of its own user's last, one of the three before it.
    starts = np.subtract.outer(scheduled[3:], end) - 0.02
    assert np.all(np.isclose(starts, 0.0, atol=1e-9).any(axis=1))
    assert len(scheduled) <= 3 * 15


def test_a_closed_loop_outgrows_its_plan_without_losing_a_request() -> None:
    driven = drive(Scripted(), closed_schedule(2, 0.0, 1.5, planned=3), ROWS, timeout_s=5.0)
    n = len(driven.late_s)
    assert n > 6
    assert set(driven.columns["status"]) == {Status.OK}
    assert np.all(driven.outputs == [0.25, 0.75])
    assert np.all(np.isfinite(driven.columns["end_s"]))


def test_users_who_time_out_think_and_ask_again() -> None:
    driven = drive(silent(), closed_schedule(2, 0.01, 0.5), ROWS, timeout_s=0.1)
    assert 4 <= len(driven.late_s) <= 12
    assert set(driven.columns["status"]) == {Status.TIMEOUT}
    assert latency_s(driven) == pytest.approx(0.1)
