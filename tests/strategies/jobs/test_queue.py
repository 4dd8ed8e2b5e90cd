"""Jobs run one at a time in the order they came, and say how far they are and how they ended."""

import threading
from pathlib import Path

import pytest

from data.errors import Cancelled, InvalidScenario, InvalidValue
from strategies.jobs import JobQueue, JobState

JOBS = "jobs_to_run"


def ended(queue: JobQueue, state: JobState) -> JobState:
    return queue.wait(state.id, 60)


def begun(queue: JobQueue, state: JobState) -> JobState:
    """Wait until the job has told of a stage."""
    while not state.ended and not state.stage:
        state = queue.wait(state.id, 60, after=state.revision)
    return state


def test_a_job_runs_in_another_process_and_returns_its_result(queue: JobQueue) -> None:
    import os

    job = queue.submit(f"{JOBS}:echo", {"a": [1, "ä", None]}, title="Echo", session="s")
    assert (job.title, job.session, job.lane, job.place) == ("Echo", "s", "measure", 0)
    end = ended(queue, job)
    assert (end.status, end.fraction, end.error, end.cancelling) == ("done", 1.0, None, False)
    assert end.result is not None
    assert end.result["got"] == {"a": [1, "ä", None]}
    assert end.result["pid"] != os.getpid()
    assert end.log == "said in passing\n"
    assert end.submitted_at <= (end.started_at or 0) <= (end.ended_at or 0)


def test_a_function_is_found_by_its_module(queue: JobQueue) -> None:
    import jobs_to_run  # type: ignore[import-not-found]

    assert ended(queue, queue.submit(jobs_to_run.echo, {})).status == "done"
    with pytest.raises(InvalidValue, match="cannot be found by another process"):
        queue.submit(lambda *_: {}, {})


@pytest.mark.parametrize(("payload", "lane", "says"), [({"x": object()}, "measure", "JSON"), ({}, "fast", "measure, ")])
def test_what_cannot_be_run_is_refused_at_once(
    queue: JobQueue, payload: dict[str, object], lane: str, says: str
) -> None:
    with pytest.raises(InvalidValue, match=says):
        queue.submit(f"{JOBS}:echo", payload, lane=lane)
    assert queue.states() == ()


def test_progress_arrives_in_order(queue: JobQueue) -> None:
    states = list(queue.follow(queue.submit(f"{JOBS}:stages", {"n": 40}).id))
    revisions = [state.revision for state in states]
    assert revisions == sorted(set(revisions))
    seen = [int(state.stage.split()[1]) for state in states if state.stage]
    assert seen == sorted(seen)
    assert seen[-1] == 39
    for state in states:
        if state.stage and not state.ended:
            n = int(state.stage.split()[1])
            assert (state.fraction, state.message) == (n / 40, f"message {n}")
    assert states[-1].status == "done"


def test_jobs_run_one_at_a_time_in_the_order_they_came(queue: JobQueue, tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    jobs = [queue.submit(f"{JOBS}:until_told", {"folder": str(tmp_path), "name": name}) for name in names]
    begun(queue, jobs[0])
    assert [queue.state(job.id).place for job in jobs] == [0, 1, 2]
    assert [queue.state(job.id).status for job in jobs] == ["running", "queued", "queued"]
    for turn, (name, job) in enumerate(zip(names, jobs, strict=True)):
        begun(queue, queue.state(job.id))
        assert [queue.state(later.id).place for later in jobs[turn:]] == list(range(len(jobs) - turn))
        (tmp_path / name).touch()
        assert ended(queue, job).result == {"name": name}
    history = (tmp_path / "history").read_text().split()
    assert history == [word for name in names for word in ("begin", name, "end", name)]


def test_lanes_do_not_wait_for_each_other(queue: JobQueue, tmp_path: Path) -> None:
    measuring = queue.submit(f"{JOBS}:until_told", {"folder": str(tmp_path), "name": "m"})
    training = queue.submit(f"{JOBS}:until_told", {"folder": str(tmp_path), "name": "t"}, lane="train")
    assert begun(queue, measuring).status == begun(queue, training).status == "running"
    assert queue.state(training.id).place == 0
    for name in "mt":
        (tmp_path / name).touch()
    assert ended(queue, measuring).status == ended(queue, training).status == "done"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("own", "line 7: slo.latency_ms = -1 must be above 0: give a latency."),
        ("other", "ZeroDivisionError: by nothing"),
        ("exit", "SystemExit: no more"),
        ("result", "TypeError: Object of type object is not JSON serializable"),
        ("status", "Its process ended with status 3. Its last lines:\nabout to go"),
        ("kill", "Its process was killed by SIGKILL. Its last lines:\nabout to go"),
    ],
)
def test_a_job_that_fails_says_why_and_the_next_one_runs(queue: JobQueue, kind: str, says: str) -> None:
    failing, next_one = queue.submit(f"{JOBS}:fails", {"kind": kind}), queue.submit(f"{JOBS}:echo", {})
    end = ended(queue, failing)
    assert end.status == "failed"
    assert end.error is not None
    assert end.error.message == says
    assert end.error.is_a(InvalidScenario) == end.error.is_a(InvalidValue) == (kind == "own")
    if kind in ("own", "other"):
        assert "Traceback" in end.log
        assert "in fails" in end.log
    assert ended(queue, next_one).status == "done"


def test_a_function_that_does_not_exist_fails(queue: JobQueue) -> None:
    for name, says in [("nowhere:f", "ModuleNotFoundError"), (f"{JOBS}:nothing", "AttributeError")]:
        end = ended(queue, queue.submit(name, {}))
        assert end.error is not None
        assert says in end.error.message


def test_what_follows_the_end_comes_before_anybody_sees_it(queue: JobQueue) -> None:
    seen: list[tuple[str, str]] = []

    def note(state: JobState) -> None:
        seen.append((state.status, queue.state(state.id).status))

    done = queue.submit(f"{JOBS}:echo", {}, on_end=note)
    waiting = queue.submit(f"{JOBS}:echo", {}, on_end=note)
    queue.cancel(waiting.id)
    ended(queue, done)
    assert seen == [("cancelled", "queued"), ("done", "running")]


def test_an_error_in_what_follows_does_not_stop_the_queue(queue: JobQueue, caplog: pytest.LogCaptureFixture) -> None:
    def fails(_state: JobState) -> None:
        raise Cancelled("not this")

    assert ended(queue, queue.submit(f"{JOBS}:echo", {}, on_end=fails)).status == "done"
    assert "What should follow the end" in caplog.text


def test_many_sessions_submit_look_and_leave_at_once(queue: JobQueue) -> None:
    ends: dict[str, list[str]] = {}

    def use(session: str) -> None:
        jobs = [queue.submit(f"{JOBS}:echo", {"session": session}, session=session) for _ in range(2)]
        queue.cancel(jobs[1].id)
        first = ended(queue, jobs[0])
        assert first.result is not None
        assert first.result["got"] == {"session": session}
        assert {state.id for state in queue.states(session)} == {job.id for job in jobs}
        ends[session] = [ended(queue, job).status for job in jobs]
        queue.release(session)

    threads = [threading.Thread(target=use, args=(f"s{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert ends == {f"s{n}": ["done", "cancelled"] for n in range(6)}
    assert queue.states() == ()


def test_jobs_are_looked_up_by_their_id(queue: JobQueue) -> None:
    with pytest.raises(InvalidValue, match="job = 'none' is not known"):
        queue.state("none")


def test_a_closed_queue_takes_no_more(queue: JobQueue) -> None:
    queue.close()
    with pytest.raises(InvalidValue, match="after the queue was closed"):
        queue.submit(f"{JOBS}:echo", {})
