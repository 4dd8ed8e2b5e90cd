"""The same job on Dask: the same file."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from strategies.batches.manifest import BatchManifest
from strategies.batches.run import run
from strategies.packaging.package import ModelPackage
from tests.strategies.batches.conftest import MakeJob, start

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_on_a_local_cluster_of_two_worker_processes_the_file_is_the_same(
    make_job: MakeJob, tumours_file: Path, tumour_forest: ModelPackage
) -> None:
    job = make_job(input=tumours_file, package=tumour_forest.folder, key="patient", chunk_rows=2_000, workers=2)
    run(job)
    there = replace(job, engine="dask", output=job.output.with_name("dask.parquet"))
    # A process of its own, as a user starts it: Dask's workers must find the module that is run, and leave with it.
    process = start(there)
    processes: set[psutil.Process] = set()
    while process.poll() is None:
        processes |= set(psutil.Process(process.pid).children(recursive=True)) if process.poll() is None else set()
        time.sleep(0.05)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    assert there.output.read_bytes() == job.output.read_bytes()
    manifest = BatchManifest.read(there.output)
    assert (manifest.engine, manifest.workers) == ("dask", 2)
    assert psutil.wait_procs(processes, timeout=30)[1] == []
    assert len(processes) >= 2


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A cluster that somebody else runs: a scheduler and one worker with two threads."""
    line = (
        "import sys\nfrom distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, host='127.0.0.1',\n"
        "                      dashboard_address=None) as cluster:\n"
        "        print(cluster.scheduler_address, flush=True)\n"
        "        sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().decode().strip()
        process.stdin.close()
        process.wait(20)


@pytest.mark.slow
def test_a_cluster_named_in_the_environment_is_used(
    make_job: MakeJob, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(workers=2)
    run(job)
    there = replace(job, engine="dask", output=job.output.with_name("dask.parquet"))
    monkeypatch.setenv("DASK_SCHEDULER", scheduler)
    process = start(there)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 0, said.decode()
    assert there.output.read_bytes() == job.output.read_bytes()


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_told(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DASK_SCHEDULER", f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        process = start(make_job(engine="dask", workers=2))
        _, said = process.communicate(timeout=100)
    assert process.returncode == 1
    assert b"No Dask scheduler answers" in said
