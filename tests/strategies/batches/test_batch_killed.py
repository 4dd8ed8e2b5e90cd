"""Whatever is killed, whenever: the output is the one of an undisturbed run, and nothing is left running."""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from strategies.batches.checkpoint import folder_of
from strategies.batches.engines.contract import WorkerLost
from strategies.batches.job import BatchJob
from strategies.batches.manifest import BatchManifest, rejects_path
from strategies.batches.parts import find_parts
from strategies.batches.run import run
from strategies.packaging.package import ModelPackage
from tests.strategies.batches.conftest import MakeJob, start

KILLS = 10


@pytest.fixture
def slow_job(make_job: MakeJob, tumours_file: Path, tumour_forest: ModelPackage) -> BatchJob:
    """Enough chunks for a kill to fall among them."""
    return make_job(input=tumours_file, package=tumour_forest.folder, key="patient", chunk_rows=500, workers=2)


def descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def until_gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=30)[1]


def parts_of(job: BatchJob) -> int:
    return len(list(find_parts(folder_of(job.output) / "parts")))


@pytest.mark.slow
def test_killed_at_a_random_moment_ten_times_the_output_is_identical(slow_job: BatchJob, tmp_path: Path) -> None:
    whole = replace(slow_job, output=tmp_path / "whole.parquet")
    manifest = run(whole)
    moments = random.Random(20_131)
    killed, resumed, finished = 0, 0, 0
    while killed < KILLS:
        before = parts_of(slow_job)
        process = start(slow_job)
        # At a random moment of the work; now and then before any of it, or while the output is put together.
        wanted = before + moments.randint(-2, manifest.chunks // 3)
        while process.poll() is None and parts_of(slow_job) < wanted:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.02))
        workers = descendants(process.pid)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
            resumed += before > 0
        process.communicate()
        assert until_gone(workers) == []
        if slow_job.output.exists():
            finished += 1
            assert slow_job.output.read_bytes() == whole.output.read_bytes()
            slow_job.output.unlink()
    found = parts_of(slow_job)
    assert run(slow_job).chunks_found == found
    assert slow_job.output.read_bytes() == whole.output.read_bytes()
    assert rejects_path(slow_job.output).read_bytes() == rejects_path(whole.output).read_bytes()
    assert BatchManifest.read(slow_job.output).about == manifest.about
    assert resumed >= KILLS // 3  # the kills fell among the work, and not all before it


def test_a_worker_that_is_killed_is_replaced_and_the_output_is_identical(slow_job: BatchJob, tmp_path: Path) -> None:
    whole = replace(slow_job, output=tmp_path / "whole.parquet")
    run(whole)
    killed: list[int] = []
    others = set(psutil.Process().children())

    def kill_one(stage: str, share: float) -> None:
        mine = [p for p in set(psutil.Process().children()) - others if p.status() != psutil.STATUS_ZOMBIE]
        if stage == "predicting" and share > 0.2 * (1 + len(killed)) and len(killed) < 2 and mine:
            killed.append(mine[0].pid)
            mine[0].kill()

    run(slow_job, progress=kill_one)
    assert len(killed) == 2
    assert slow_job.output.read_bytes() == whole.output.read_bytes()


def test_a_chunk_that_kills_every_worker_ends_the_job_and_says_where(
    slow_job: BatchJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The workers' own interpreter dies as it is told of its first chunk: the harshest thing a row could do.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os\n"
        "if 'strategies.batches.worker' in sys.argv or 'strategies.batches.worker' in sys.orig_argv:\n"
        "    print('out of memory', file=sys.stderr, flush=True); os.kill(os.getpid(), 9)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = set(psutil.Process().children())
    with pytest.raises(WorkerLost, match=r"SIGKILL while it predicted rows [\d,]+ to [\d,]+\.[\s\S]*out of memory"):
        run(slow_job)
    assert set(psutil.Process().children()) <= before
    assert not slow_job.output.exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_stops_and_goes_on_later(slow_job: BatchJob, how: signal.Signals) -> None:
    process = start(slow_job)
    while parts_of(slow_job) < 5 and process.poll() is None:
        time.sleep(0.005)
    workers = descendants(process.pid)
    process.send_signal(how)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"goes on from there" in said
    assert until_gone(workers) == []
    assert not slow_job.output.exists()
    assert run(slow_job).chunks_found >= 5


def test_the_command_line_tells_what_is_wrong_in_one_line(slow_job: BatchJob) -> None:
    process = start(replace(slow_job, key="no such column"))
    out, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == b""
    assert said.count(b"\n") == 1
    assert b"no such column" in said
