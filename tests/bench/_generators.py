"""Load generators side by side, each in a process of its own, against the same server.

Run as a program: ``_generators.py WHO PORT PATH RATE_RPS_OR_USERS SECONDS SEED`` prints percentiles of latency and the
rate as JSON. WHO is ours-open, ours-closed or loadgen.
"""

import json
import os
import selectors
import socket
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from data.usage import Usage
from data.workloads.contract import ClosedSchedule, Schedule
from data.workloads.poisson import Poisson
from strategies.contract import Deployment, Done, Request
from strategies.loadgen import drive
from strategies.loadgen.http_client import WAKE_ERROR_S, HttpClient
from strategies.loadgen.http_message import Exchange, request_bytes, to_answer
from strategies.packaging.package import ModelPackage

_CONNECTIONS = 64
_PERCENTS = (50, 90, 99)


class _Asks(Deployment):
    """The same request again and again, through our client."""

    wake_error_s = WAKE_ERROR_S

    def __init__(self, port: int, path: str) -> None:
        self._client = HttpClient(port, timeout_s=5.0, max_connections=_CONNECTIONS)
        self._payload = request_bytes("GET", path, "127.0.0.1")
        self._nothing = np.zeros(1)
        self._client.open(_CONNECTIONS)

    def prepare(self, rows: NDArray[np.float32]) -> None:  # noqa: ARG002
        return

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        def answered(exchange: Exchange) -> None:
            done(to_answer(exchange, lambda _: self._nothing))

        for request in requests:
            self._client.send(self._payload, answered, request.id)

    def poll(self, wait_s: float) -> None:
        self._client.poll(wait_s)

    def update(self, model: ModelPackage) -> None:
        raise AssertionError(model)

    def usage(self) -> Usage:
        return Usage()


def ours(port: int, path: str, schedule: Schedule) -> dict[str, object]:
    """Our generator through our client."""
    driven = drive(_Asks(port, path), schedule, np.zeros((1, 1), np.float32), timeout_s=5.0)
    columns = driven.columns
    assert not columns["status"].any(), driven.reasons
    latency_ms = (columns["end_s"] - columns["scheduled_s"]) * 1e3
    return _figures(latency_ms, columns["end_s"].max()) | {
        "late_p99_ms": float(np.quantile(driven.late_s, 0.99)) * 1e3,
        "problems": list(driven.problems),
    }


def loadgen(port: int, path: str, rate_rps: float, seconds: float) -> dict[str, object]:
    """MLPerf LoadGen's Server scenario (Poisson). It calls back from a thread of its own; another reads answers."""
    import mlperf_loadgen as lg

    payload, selector = request_bytes("GET", path, "127.0.0.1"), selectors.DefaultSelector()
    idle: list[socket.socket] = []
    waiting: deque[int] = deque()
    turn = threading.Lock()  # both threads take connections
    query_of: dict[socket.socket, int] = {}
    for _ in range(_CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
        idle.append(connection)

    def send_waiting() -> None:
        while waiting and idle:
            connection = idle.pop()
            query_of[connection] = waiting.popleft()
            connection.send(payload)

    def issue(samples: Sequence[object]) -> None:
        waiting.extend(sample.id for sample in samples)  # type: ignore[attr-defined]
        with turn:
            send_waiting()

    def read_answers() -> None:
        while True:
            for key, _ in selector.select():
                connection = key.fileobj
                if connection.recv(65_536).endswith(b"{}"):  # type: ignore[union-attr]
                    query = query_of.pop(connection)  # type: ignore[arg-type]
                    idle.append(connection)  # type: ignore[arg-type]
                    lg.QuerySamplesComplete([lg.QuerySampleResponse(query, 0, 0)])
                    if waiting:
                        with turn:
                            send_waiting()

    threading.Thread(target=read_answers, daemon=True).start()
    settings, logs = lg.TestSettings(), lg.LogSettings()
    settings.scenario, settings.mode = lg.TestScenario.Server, lg.TestMode.PerformanceOnly
    settings.server_target_qps, settings.server_target_latency_ns = rate_rps, 10**9
    settings.min_query_count = settings.max_query_count = int(rate_rps * seconds)
    settings.min_duration_ms = 0
    with tempfile.TemporaryDirectory() as folder:
        logs.log_output.outdir, logs.enable_trace = folder, False
        system, samples = lg.ConstructSUT(issue, lambda: None), lg.ConstructQSL(64, 64, lambda _: None, lambda _: None)
        lg.StartTestWithLogSettings(system, samples, settings, logs, "audit.config")
        text = (Path(folder) / "mlperf_log_summary.txt").read_text()
    return _summary(text)


def _summary(text: str) -> dict[str, object]:
    """Figures in LoadGen's summary, by their labels."""
    values = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in text.splitlines()) if v.strip()}
    found = {f"p{p}_ms": float(values[f"{p}.00 percentile latency (ns)"]) / 1e6 for p in _PERCENTS}
    return found | {"rate_rps": float(values["Completed samples per second"])}


def _figures(latency_ms: NDArray[np.float64], seconds: float) -> dict[str, object]:
    found = {f"p{p}_ms": float(np.percentile(latency_ms, p)) for p in _PERCENTS}
    return found | {"rate_rps": len(latency_ms) / float(seconds)}


def main(who: str, port: int, path: str, size: float, seconds: float, seed: int) -> dict[str, object]:
    if who == "loadgen":
        return loadgen(port, path, size, seconds)
    if who == "ours-open":
        return ours(port, path, Poisson(rate_rps=size, duration_s=seconds).schedule(1, seed))
    users = int(size)
    return ours(port, path, ClosedSchedule(np.zeros((users, 1)), np.zeros((users, 1), np.int64), seconds))


if __name__ == "__main__":
    _, who, port, path, size, seconds, seed = sys.argv
    print(json.dumps(main(who, int(port), path, float(size), float(seconds), int(seed))), flush=True)
    os._exit(0)  # LoadGen's reader thread never ends
