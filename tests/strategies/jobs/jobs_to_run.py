"""Jobs for the tests of the queue; workers import this file by its name."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.errors import Cancelled, InvalidScenario
from strategies.jobs import Progress

Payload = dict[str, Any]
Check = Callable[[], bool]


def echo(payload: Payload, _progress: Progress, _cancelled: Check) -> Payload:
    print("said in passing")
    return {"got": payload, "pid": os.getpid(), "argv": sys.argv[1:]}


def stages(payload: Payload, progress: Progress, _cancelled: Check) -> Payload:
    for n in range(payload["n"]):
        progress(f"stage {n}", n / payload["n"], f"message {n}")
    return {}


def until_cancelled(payload: Payload, progress: Progress, cancelled: Check) -> Payload:
    progress("working", 0.5)
    while not cancelled():
        time.sleep(0.01)
    Path(payload["file"]).write_text("cleaned up")
    raise Cancelled("stopped")


def until_told(payload: Payload, progress: Progress, _cancelled: Check) -> Payload:
    """Note the beginning, wait for a file of one's own name to appear, note the end."""
    folder = Path(payload["folder"])
    with (folder / "history").open("a") as history:
        print("begin", payload["name"], file=history, flush=True)
        progress("waiting for the file", 0.0)
        while not (folder / payload["name"]).exists():
            time.sleep(0.01)
        print("end", payload["name"], file=history, flush=True)
    return {"name": payload["name"]}


def with_a_family(payload: Payload, progress: Progress, _cancelled: Check) -> Payload:
    """Start what is hard to get rid of, tell about it, and never mind being cancelled."""
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    child = subprocess.Popen(sleep)
    elsewhere = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True)
    # A daemon: its parent is gone, its session is its own.
    quiet = "stdout=DEVNULL, stderr=DEVNULL, start_new_session=True"
    fork = f"from subprocess import DEVNULL, Popen; print(Popen({sleep!r}, {quiet}).pid)"
    daemon = int(subprocess.run([sys.executable, "-c", fork], capture_output=True, check=True).stdout)
    _, path = tempfile.mkstemp()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    pids = [os.getpid(), child.pid, elsewhere.pid, daemon]
    progress("told", 0.5, " ".join(map(str, [port, path, *pids])))
    if payload.get("end"):
        return {}
    while True:
        time.sleep(1)


def fails(payload: Payload, _progress: Progress, _cancelled: Check) -> Payload:
    kind = payload["kind"]
    if kind == "own":
        raise InvalidScenario("slo.latency_ms", -1, "must be above 0", "give a latency", line=7)
    if kind == "other":
        raise ZeroDivisionError("by nothing")
    if kind == "exit":
        sys.exit("no more")
    if kind == "result":
        return {"not": object()}
    print("about to go", file=sys.stderr, flush=True)
    if kind == "status":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def begins_a_run(payload: Payload, progress: Progress, _cancelled: Check) -> Payload:
    """Enter a run in the store and never end it."""
    from data.scenario import Scenario
    from data.store import RunStore
    from strategies.jobs.processes import MARK

    run = RunStore(payload["session"]).start(Scenario.default(), "api", seed=1, job=os.environ[MARK])
    progress("begun", 0.5, run.id)
    while True:
        time.sleep(1)
