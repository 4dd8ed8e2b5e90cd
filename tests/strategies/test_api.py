"""The API strategy's own settings, and what happens when its server fails while it is measured."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from data.errors import InvalidValue
from data.trace import Status
from data.workloads.constant import Constant
from strategies.api import Api, UpdateFailed
from strategies.contract import Answer, Limits, Request
from strategies.hosts.process import ProcessHost
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    from sklearn.datasets import load_breast_cancer

    found: np.ndarray = load_breast_cancer().data[:50].astype(np.float32)
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {"conections": 1},
        {"connections": 0},
        {"connections": 2.5},
        {"body": "xml"},
        {"body": 1},
        {"max_in_flight": True},
    ],
)
def test_wrong_settings_are_refused_before_anything_starts(tumour_forest: ModelPackage, settings: dict) -> None:
    before = set(psutil.Process().children())
    with pytest.raises(InvalidValue, match=next(iter(settings))):
        with Api().deploy(tumour_forest, ProcessHost(), Limits(settings=settings)):
            pytest.fail("it started")
    assert set(psutil.Process().children()) <= before


@pytest.mark.parametrize("body", ["record", "row"])
def test_both_bodies_carry_the_same_numbers(tumour_forest: ModelPackage, rows: np.ndarray, body: str) -> None:
    from strategies.packaging.runtime import load_predictor

    with Api().deploy(tumour_forest, ProcessHost(), Limits(settings={"body": body, "connections": 4})) as deployment:
        deployment.prepare(rows)
        answers: list[Answer] = []
        deployment.issue([Request(i, i) for i in range(len(rows))], answers.append)
        while len(answers) < len(rows):
            deployment.poll(0.05)
        found = np.array([a.outputs for a in sorted(answers, key=lambda a: a.id)])
        sent = deployment.usage().sent_bytes
    expected = np.concatenate([load_predictor(tumour_forest).predict(row[None]) for row in rows])
    assert np.array_equal(found.astype(np.float32), expected)  # bit for bit: nothing is lost on the way
    assert sent is not None
    assert sent > len(rows) * (300 if body == "row" else 800)


def test_a_token_is_asked_for_and_sent(tumour_forest: ModelPackage, rows: np.ndarray, tmp_path: Path) -> None:
    import http.client

    file = tmp_path / "token"
    file.write_text("secret of the port\n")
    settings = {"token_file": str(file), "connections": 1}
    with Api().deploy(tumour_forest, ProcessHost(), Limits(settings=settings)) as deployment:  # type: ignore[arg-type]
        deployment.prepare(rows)
        answers: list[Answer] = []
        deployment.issue([Request(0, 0)], answers.append)
        while not answers:
            deployment.poll(0.05)
        assert answers[0].status == Status.OK
        port = deployment._running.port  # type: ignore[attr-defined]
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/predict", b"{}", {"content-type": "application/json"})
        assert connection.getresponse().status == 401
        connection.close()


def test_an_update_that_fails_says_why_and_changes_nothing(
    tumour_forest: ModelPackage, digits_network: ModelPackage, rows: np.ndarray
) -> None:
    with Api().deploy(tumour_forest, ProcessHost(), Limits(settings={"connections": 1})) as deployment:
        deployment.prepare(rows)
        with pytest.raises(UpdateFailed, match="deploy another model on its own"):
            deployment.update(digits_network)
        answers: list[Answer] = []
        deployment.issue([Request(0, 0)], answers.append)
        while not answers:
            deployment.poll(0.05)
        assert answers[0].version == tumour_forest.version


def test_a_replica_killed_while_measured_ends_the_run_with_a_clear_status(
    tumour_forest: ModelPackage, rows: np.ndarray
) -> None:
    schedule = Constant(rate_rps=200, duration_s=2.0).schedule(len(rows), 1)
    with Api().deploy(tumour_forest, ProcessHost(), Limits(workers=2, settings={"connections": 8})) as deployment:
        victim = deployment._running.pids[0]  # type: ignore[attr-defined]
        threading.Timer(0.7, os.kill, (victim, signal.SIGKILL)).start()
        begun_s = time.perf_counter()
        driven = drive(deployment, schedule, rows, timeout_s=1.0)
        assert time.perf_counter() - begun_s < 10
        health = deployment.health()
    assert f"process {victim}) was killed by SIGKILL" in health
    assert any("was killed by SIGKILL" in problem for problem in driven.problems)
    assert not psutil.pid_exists(victim)
    with Api().deploy(
        tumour_forest, ProcessHost(), Limits(settings={"connections": 8})
    ) as deployment:  # and the next works
        driven = drive(deployment, schedule, rows, timeout_s=1.0)
        assert set(driven.columns["status"].tolist()) == {int(Status.OK)}


PARENT = """
import sys, time
from pathlib import Path
from strategies.api import Api
from strategies.contract import Limits
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
with Api().deploy(ModelPackage.open(Path(sys.argv[1])), ProcessHost(), Limits(workers=2)) as deployment:
    print(deployment._running.port, *deployment._running.pids, flush=True)
    time.sleep(60)
"""


def test_servers_go_with_the_process_that_measures_even_when_it_is_killed(tumour_forest: ModelPackage) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tumour_forest.folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    with parent:
        port, *pids = map(int, parent.stdout.readline().split())
        assert len(pids) == 2
        parent.kill()
    deadline_s = time.perf_counter() + 5
    while time.perf_counter() < deadline_s and (any(map(_alive, pids)) or not _is_free(port)):
        time.sleep(0.01)
    assert not any(map(_alive, pids))
    assert _is_free(port)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
