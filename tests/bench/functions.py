"""Functions: cold starts by phase against a bare interpreter, and what the platform adds to a warm request."""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

import orjson

from strategies.hosts.contract import Service
from strategies.hosts.function import FunctionHost, FunctionRunning
from strategies.hosts.process import ProcessHost
from tests.bench._forest import Forest, make_forest
from tests.bench._harness import Effort, Row, compare, take_turns
from tests.bench._http_load import press

_ROOT = Path(__file__).parents[2]
_BARE = """
import sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
session.run(None, {session.get_inputs()[0].name: numpy.zeros((1, 30), numpy.float32)})
"""
_PHASES = ("start", "import", "load", "first_prediction")
_IDLE_S = 0.05


def run(effort: Effort) -> Iterator[Row]:
    """Cold starts in turns with the bare interpreter's, then warm requests in turns with the server's."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        forest = make_forest(Path(folder))
        yield from _cold(forest, effort)
        warm = _started(forest, {"provisioned": 1}, stack)
        server = stack.enter_context(ProcessHost().run(_service(forest)))
        body = _body(forest)
        both = {"ours": warm.port, "theirs": server.port}
        turns = take_turns(
            {
                name: lambda port=port: press(port, "/predict", body, 1, effort.seconds).p50_s * 1e3  # type: ignore[misc]
                for name, port in both.items()
            },
            effort.rounds,
        )
        # Each request passes the platform and the Runtime API besides, each way; on AWS it does too.
        title = "functions: p50 of a warm request, against the same API as a server"
        yield compare(title, turns["ours"], turns["theirs"], target=0.04, unit="ms", better="less")


def _cold(forest: Forest, effort: Effort) -> Iterator[Row]:
    with ExitStack() as stack:
        running = _started(forest, {"idle_s": _IDLE_S}, stack)
        body = _body(forest)

        def ours() -> float:
            while running.state().pids:
                time.sleep(_IDLE_S)
            begun_s = time.perf_counter()
            _ask_once(running.port, body)
            return (time.perf_counter() - begun_s) * 1e3

        def bare() -> float:
            begun_s = time.perf_counter()
            command = [sys.executable, "-c", _BARE, str(forest.package.served_file)]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(_ROOT)})
            return (time.perf_counter() - begun_s) * 1e3

        turns = take_turns({"ours": ours, "theirs": bare}, effort.rounds)
        starts = running.state().cold_starts[-effort.rounds :]
    title = "functions: a cold request, against a bare interpreter with the same model"
    yield compare(title, turns["ours"], turns["theirs"], target=0.5, unit="ms", better="less")
    whole_ms = median(start["init"] for start in starts) * 1e3
    for phase in _PHASES:
        phase_ms = median(start[phase] for start in starts) * 1e3
        name = f"functions: cold start, its phase {phase.replace('_', ' ')} against all of it"
        yield Row(name, phase_ms, whole_ms, whole_ms / phase_ms, 1.0, "ms", len(starts), phase_ms <= whole_ms)


def _ask_once(port: int, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/predict", body, {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
        if response.status != 200 or response.headers["x-drydock-cold"] != "1":
            raise RuntimeError(f"not a cold answer: {response.status}, {dict(response.headers)}")
    finally:
        connection.close()


def _service(forest: Forest) -> Service:
    arguments = ("--package", "{files:package}", "--idle-timeout-s", "3600", "--timeout-s", "10")
    return Service("api", "strategies.serving", arguments, {"package": forest.package.folder})


def _started(forest: Forest, settings: dict[str, int | float], stack: ExitStack) -> FunctionRunning:
    running = stack.enter_context(FunctionHost().run(replace(_service(forest), settings=settings)))
    assert isinstance(running, FunctionRunning)
    return running


def _body(forest: Forest) -> bytes:
    return orjson.dumps({"record": forest.package.manifest.example})
