"""The lifeline: whatever happens to the parent, its children end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from strategies.hosts.lifeline import command
from strategies.hosts.lifeline.place import Place

ROOT = Path(__file__).parents[3]
PARENT = """
import sys, time
from strategies.hosts.process import ProcessHost
from strategies.hosts.contract import Service
with ProcessHost().run(Service("greeter", "greeter", ("parent of a session",), ready_path="/", replicas=2)) as running:
    print(running.port, running.folder, *running.pids, running.log().split("child ")[1].split()[0], flush=True)
    time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline_s = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > deadline_s:
            return False
        time.sleep(0.01)
    return True


def test_children_end_when_their_parent_is_killed(service: object, tmp_path: Path) -> None:
    del service  # wrote the greeter's file
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment, text=True, cwd=tmp_path
    )
    assert parent.stdout is not None
    with parent:
        port, folder, *pids = parent.stdout.readline().split()
        assert len(pids) == 3
        assert Path(folder).is_dir()
        assert not any(gone(int(pid)) for pid in pids)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    assert within(5, lambda: all(gone(int(pid)) for pid in pids))
    assert within(5, lambda: not Path(folder).exists())
    assert within(5, lambda: not listens(int(port)))


def test_a_module_runs_as_if_it_were_started_alone(tmp_path: Path) -> None:
    (tmp_path / "shows.py").write_text("import sys; print(__name__, sys.argv[1:], sys.path[0])")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    with subprocess.Popen(
        command("shows", ["--port", "1"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read().startswith("__main__ ['--port', '1']")
    assert process.returncode == 0


def test_a_closed_lifeline_ends_a_process_within_its_imports(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time; time.sleep(60)")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    with subprocess.Popen(command("slow"), stdin=subprocess.PIPE, env=environment, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(5) == -signal.SIGKILL


def test_a_place_survives_the_environment(tmp_path: Path) -> None:
    place = Place(2, 5, tmp_path, 7)
    assert Place.here(place.environment()) == place
    assert Place.here({}) == Place()


def test_announcements_are_counted(tmp_path: Path) -> None:
    places = [Place(number, 3, tmp_path) for number in range(3)]
    assert places[0].announced() == 0
    places[2].announce()
    places[0].announce()
    places[0].announce()
    assert places[1].announced() == 2
