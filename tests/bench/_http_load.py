"""Closed-loop load over HTTP, the same for every contender: wrk where it is installed, else Drydock's own client."""

import json
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strategies.loadgen.http_client import HttpClient
from strategies.loadgen.http_message import Exchange, request_bytes

_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = [==[%s]==]
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests": %%d, "duration_us": %%d, "p50_us": %%f, "errors": %%d}\\n', summary.requests,
    summary.duration, latency:percentile(50), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load."""

    rps: float
    p50_s: float


def press(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    """Ask as fast as the answers come over so many kept-alive connections; any error is a failure of the benchmark."""
    if shutil.which("wrk"):
        return _wrk(port, path, body, connections, seconds)
    return _own(port, path, body, connections, seconds)


def _wrk(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(_SCRIPT % body.decode())
        url = f"http://127.0.0.1:{port}{path}"
        # wrk rounds its duration to whole seconds.
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if found["errors"] or not found["requests"]:
        raise RuntimeError(f"{url}: {found['errors']} errors in {found['requests']} requests")
    return Load(found["requests"] / found["duration_us"] * 1e6, found["p50_us"] / 1e6)


def _own(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    client = HttpClient(port, timeout_s=10, max_connections=connections)
    payload = request_bytes("POST", path, f"127.0.0.1:{port}", body, {"content-type": "application/json"})
    took_s: list[float] = []
    failures: list[str] = []
    sent_s = [0.0] * connections
    end_s = time.perf_counter() + seconds

    def ask(slot: int) -> None:
        sent_s[slot] = time.perf_counter()
        client.send(payload, done, slot)

    def done(exchange: Exchange) -> None:
        if exchange.failure is not None or exchange.code != 200:
            failures.append(f"port {port}{path}: {exchange.failure or exchange.code} {exchange.body[:200]!r}")
            return
        now_s = time.perf_counter()
        took_s.append(now_s - sent_s[exchange.token])
        if now_s < end_s:
            ask(exchange.token)

    try:
        for slot in range(connections):
            ask(slot)
        while time.perf_counter() < end_s and not failures:
            client.poll(0.01)
        if failures:
            raise RuntimeError(failures[0])
    finally:
        client.close()
    return Load(len(took_s) / seconds, float(np.median(took_s)))
