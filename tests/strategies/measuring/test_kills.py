"""Kill -9 a server, and the generator, in the middle of a run: a clear end, nothing left, and the next run works."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from data.scenario import Candidate, Measurement
from data.trace import Status, Trace
from data.workloads.poisson import Poisson
from strategies.measuring import measure
from strategies.packaging.package import ModelPackage

ROOT = Path(__file__).parents[3]
API = Candidate(name="api", strategy="api", workers=2)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the process host needs POSIX signals")


def soon(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    deadline_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return condition()


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run_api(package: ModelPackage, seconds: float, on_progress: Callable[[str, float], None] | None = None) -> Trace:
    rows: NDArray[np.float32] = np.zeros((5, len(package.manifest.schema)), np.float32)
    return measure(
        package, API, Poisson(rate_rps=100.0, duration_s=seconds), rows, seed=1,
        measurement=Measurement(warm_up_s=0.0, timeout_s=10.0), scenario_toml="",
        progress=on_progress or (lambda _stage, _share: None),
    )  # fmt: skip


def children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def test_a_server_killed_meanwhile_ends_the_run_and_the_next_one_works(tumour_forest: ModelPackage) -> None:
    before, killed = children(), []

    def kill_one(_stage: str, share: float) -> None:
        if share > 0.01 and not killed:
            serving = sorted(children() - before)
            os.kill(serving[0], signal.SIGKILL)
            killed.append(serving[0])

    began_s = time.monotonic()
    trace = run_api(tumour_forest, 120.0, kill_one)
    assert time.monotonic() - began_s < 60.0
    assert killed
    (problem, *_) = trace.provenance.problems
    assert "died" in problem
    assert "SIGKILL" in problem
    assert str(killed[0]) in problem
    assert Status.OK in trace.status
    assert set(trace.status[-1_000:]) == {Status.ERROR}
    assert soon(lambda: children() <= before), "nothing it started is left"
    following = run_api(tumour_forest, 0.3)
    assert set(following.status) == {Status.OK}
    assert soon(lambda: children() <= before)


def test_a_generator_killed_meanwhile_leaves_nothing_behind_and_the_next_run_works(
    tumour_forest: ModelPackage,
) -> None:
    command = [sys.executable, str(Path(__file__).with_name("generator_to_kill.py")), str(tumour_forest.folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as generator:
        assert generator.stdout is not None
        port, pids = 0, []
        for line in generator.stdout:
            words = line.split()
            if words[0].isdigit():
                port, pids = int(words[0]), [int(word) for word in words[1:]]
            if words[0] == "measuring" and float(words[1]) > 0.005:
                break
        assert len(pids) == 2
        assert all(map(lives, pids))
        assert answers(port)
        family = [generator.pid, *(p.pid for p in psutil.Process(generator.pid).children(recursive=True))]
        assert set(pids) <= set(family)
        generator.kill()
        generator.wait(20)
    assert soon(lambda: not any(map(lives, family))), "the servers end with the generator"
    assert soon(lambda: not answers(port))
    assert set(run_api(tumour_forest, 0.3).status) == {Status.OK}
