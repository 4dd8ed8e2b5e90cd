"""What the router adds to a request: p50 and p99 through it against going direct, in one run, turn by turn."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import orjson

from strategies.hosts.contract import Running, Service
from strategies.hosts.process import ProcessHost
from strategies.loadgen.http_client import HttpClient
from strategies.loadgen.http_message import Exchange, request_bytes
from strategies.releases.live.steering import Steering
from strategies.releases.router.order import VARIABLE, Order
from tests.bench._forest import make_forest
from tests.bench._harness import Effort, Row, take_turns

_SECRET = "bench"
_MOST_ADDED_MS = 1.0


def run(effort: Effort) -> Iterator[Row]:
    """One connection, one request at a time: direct, through a router that changes nothing, and through a canary."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        forest = make_forest(Path(folder))
        served = ("--package", "{files:package}", "--idle-timeout-s", "3600")
        service = Service("old", "strategies.serving", served, {"package": forest.package.folder})
        old, new = (stack.enter_context(ProcessHost().run(service)) for _ in range(2))
        ways = {"direct": old.port}
        for policy in ("none", "canary"):
            ways[policy] = _router(policy, old, new, stack).port
        body = orjson.dumps({"record": forest.package.manifest.example})
        found: dict[str, list[list[float]]] = {name: [] for name in ways}
        contenders = {name: _asking(port, body, effort.seconds, found[name]) for name, port in ways.items()}
        take_turns(contenders, effort.rounds)
    for policy in ("none", "canary"):
        for place, figure in enumerate(("p50", "p99")):
            # One turn to warm up comes first.
            ours, direct = ([turn[place] for turn in found[name][1:]] for name in (policy, "direct"))
            added = float(np.median([a - b for a, b in zip(ours, direct, strict=True)]))
            title = f"router: {figure} with policy {policy}, against direct; {added:+.3f} ms"
            ok = figure == "p99" or added <= _MOST_ADDED_MS
            median = float(np.median(ours)), float(np.median(direct))
            target = median[1] / (median[1] + _MOST_ADDED_MS) if figure == "p50" else 0.0
            yield Row(title, *median, median[1] / median[0], target, "ms", len(ours), ok)


def _router(policy: str, old: Running, new: Running, stack: ExitStack) -> Running:
    order = Order({"policy": policy}, old.port, new.port, _SECRET)
    service = Service("router", "strategies.releases.router", environment={VARIABLE: order.to_json()})
    router = stack.enter_context(ProcessHost().run(service))
    Steering(router.port, _SECRET).ask("begin")
    return router


def _asking(port: int, body: bytes, seconds: float, found: list[list[float]]) -> Callable[[], float]:
    payload = request_bytes("POST", "/predict", f"127.0.0.1:{port}", body, {"content-type": "application/json"})

    def measure() -> float:
        client, took_s = HttpClient(port, timeout_s=10, max_connections=1), []
        end_s = time.perf_counter() + seconds
        try:
            while (sent_s := time.perf_counter()) < end_s:
                answers: list[Exchange] = []
                client.send(payload, answers.append)
                while not answers:
                    client.poll(0.01)
                if answers[0].failure is not None or answers[0].code != 200:
                    raise RuntimeError(f"port {port}: {answers[0].failure or answers[0].code}")
                took_s.append(time.perf_counter() - sent_s)
        finally:
            client.close()
        found.append([float(value) * 1e3 for value in np.quantile(took_s, (0.5, 0.99))])
        return found[-1][0]

    return measure
