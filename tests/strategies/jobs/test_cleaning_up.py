"""However a job ends, nothing of it is left: no process, no port, no file."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from data.store import RunStore
from strategies.jobs import JobQueue, JobState
from strategies.jobs.child import PREFIX, sweep
from strategies.jobs.processes import processes_of

JOBS = "jobs_to_run"
ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


def told(queue: JobQueue, job: JobState) -> JobState:
    while not job.stage and not job.ended:
        job = queue.wait(job.id, 60, after=job.revision)
    assert job.stage, job
    return job


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def soon(condition: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return condition()


class Family:
    """What `with_a_family` told about itself."""

    def __init__(self, message: str) -> None:
        port, path, *pids = message.split()
        self.port, self.file, self.pids = int(port), Path(path), [int(pid) for pid in pids]

    def is_whole(self) -> bool:
        return all(map(lives, self.pids)) and self.file.exists()

    def is_gone(self) -> bool:
        with socket.socket() as probe:
            closed = probe.connect_ex(("127.0.0.1", self.port)) != 0
        return closed and not any(map(lives, self.pids)) and not self.file.parent.exists()


def family(queue: JobQueue, **payload: object) -> tuple[JobState, Family]:
    job = told(queue, queue.submit(f"{JOBS}:with_a_family", payload, session="tab"))
    found = Family(job.message)
    assert payload or found.is_whole()
    assert len(found.pids) == 4
    return job, found


def test_after_its_end(queue: JobQueue) -> None:
    job, found = family(queue, end=True)
    assert queue.wait(job.id, 60).status == "done"
    assert found.is_gone()


def test_when_it_is_cancelled(queue: JobQueue) -> None:
    job, found = family(queue)
    queue.cancel(job.id)
    assert queue.state(job.id).cancelling
    queue.cancel(job.id)  # once more changes nothing
    assert queue.wait(job.id, 60).status == "cancelled"
    assert found.is_gone()


def test_when_its_tab_is_closed(queue: JobQueue) -> None:
    job, found = family(queue)
    other = queue.submit(f"{JOBS}:echo", {}, session="tab")
    queue.release("tab")
    assert soon(lambda: queue.states() == ())
    assert found.is_gone()
    assert job.id != other.id


def test_when_its_worker_is_killed(queue: JobQueue) -> None:
    job, found = family(queue)
    os.kill(found.pids[0], signal.SIGKILL)
    end = queue.wait(job.id, 60)
    assert end.error is not None
    assert "was killed by SIGKILL" in end.error.message
    assert found.is_gone()


def test_when_the_queue_is_closed(queue: JobQueue) -> None:
    job, found = family(queue)
    queue.close()
    assert queue.state(job.id).status == "cancelled"
    assert found.is_gone()


def test_a_job_that_listens_to_cancel_cleans_up_itself(queue: JobQueue, tmp_path: Path) -> None:
    job = told(queue, queue.submit(f"{JOBS}:until_cancelled", {"file": str(tmp_path / "file")}))
    queue.cancel(job.id)
    assert queue.wait(job.id, 60).status == "cancelled"
    assert (tmp_path / "file").read_text() == "cleaned up"


def test_a_queued_job_is_cancelled_without_ever_beginning(queue: JobQueue, tmp_path: Path) -> None:
    payload = {"folder": str(tmp_path)}
    first, second, third = (queue.submit(f"{JOBS}:until_told", payload | {"name": name}) for name in "abc")
    told(queue, first)
    queue.cancel(second.id)
    state = queue.state(second.id)
    assert (state.status, state.started_at) == ("cancelled", None)
    assert queue.state(third.id).place == 1
    for name in "abc":
        (tmp_path / name).touch()
    assert queue.wait(third.id, 60).status == "done"
    assert "b" not in (tmp_path / "history").read_text().split()


PARENT = """
import time
from strategies.jobs import JobQueue
queue = JobQueue()
job = queue.submit("jobs_to_run:with_a_family", {})
while not job.stage:
    job = queue.wait(job.id, 60, after=job.revision)
print(job.message, flush=True)
time.sleep(600)
"""


def start_parent() -> tuple[subprocess.Popen[str], Family]:
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    return parent, Family(parent.stdout.readline())


@pytest.mark.usefixtures("home")
def test_when_the_process_of_the_queue_is_killed() -> None:
    parent, found = start_parent()
    assert found.is_whole()
    parent.kill()
    parent.communicate()
    assert soon(found.is_gone)


def test_after_the_queue_and_its_worker_were_killed_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # In a temporary folder of its own, because a sweep looks at all jobs in it.
    monkeypatch.setenv("TMPDIR", str(home))
    monkeypatch.setattr(tempfile, "tempdir", None)
    parent, found = start_parent()
    sweep()
    assert found.is_whole()  # a living queue's jobs are left alone
    os.kill(found.pids[0], signal.SIGSTOP)  # a worker that cannot react
    parent.kill()
    parent.communicate()
    assert any(map(lives, found.pids))
    sweep()
    assert soon(found.is_gone)
    assert list(home.glob(f"{PREFIX}*")) == []


def test_two_queues_on_one_machine_measure_one_after_the_other(queue: JobQueue, tmp_path: Path) -> None:
    with JobQueue() as elsewhere:  # a process of its own would hold the same lock
        payload = {"folder": str(tmp_path)}
        first = told(queue, queue.submit(f"{JOBS}:until_told", payload | {"name": "a"}))
        second = elsewhere.submit(f"{JOBS}:until_told", payload | {"name": "b"})
        third = elsewhere.submit(f"{JOBS}:until_told", payload | {"name": "c"}, lane="train")
        while second.status != "waiting":
            second = elsewhere.wait(second.id, 60, after=second.revision)
            assert not second.stage
        assert told(elsewhere, third).status == "running"
        (tmp_path / "a").touch()
        assert queue.wait(first.id, 60).status == "done"
        assert told(elsewhere, second).status == "running"
        (tmp_path / "b").touch()
        (tmp_path / "c").touch()
        assert elsewhere.wait(second.id, 60).status == "done"
    history = (tmp_path / "history").read_text().splitlines()
    assert history.index("end a") < history.index("begin b")


def test_waiting_for_another_queue_can_be_cancelled_and_a_killed_one_lets_go(queue: JobQueue) -> None:
    with JobQueue() as elsewhere:
        job, found = family(elsewhere)
        waiting = queue.submit(f"{JOBS}:echo", {})
        while waiting.status != "waiting":
            waiting = queue.wait(waiting.id, 60, after=waiting.revision)
        queue.cancel(waiting.id)
        assert queue.wait(waiting.id, 60).status == "cancelled"
        behind = queue.submit(f"{JOBS}:echo", {})
        os.kill(found.pids[0], signal.SIGKILL)
        assert queue.wait(behind.id, 60).status == "done"
        assert elsewhere.wait(job.id, 60).status == "failed"


@pytest.mark.parametrize(("ends", "status"), [("cancel", "cancelled"), ("kill", "failed")])
def test_the_runs_that_it_began_end_with_it(queue: JobQueue, ends: str, status: str) -> None:
    job = told(queue, queue.submit(f"{JOBS}:begins_a_run", {"session": "s"}, session="s"))
    if ends == "cancel":
        queue.cancel(job.id)
    else:
        (worker,) = processes_of(job.id)
        worker.kill()
    queue.wait(job.id, 60)
    run = RunStore("s").get(job.message)
    assert run.status == status
    assert run.problems[0] in ("it was cancelled", "Its process was killed by SIGKILL.")
