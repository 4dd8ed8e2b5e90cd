"""The load generator against MLPerf LoadGen and wrk, on servers whose delays are known, and against its own promises.

LoadGen cannot stand in for it: its schedule is Poisson (or "after the last answer") and cannot be replayed, so bursts,
days, spikes, recorded traffic and users who think cannot be driven; a request can only succeed, so what is refused or
times out has no place, and an answer that never comes hangs the test; and its Python callbacks come from a thread of
its own, which competes for the interpreter with the one that reads answers. Where both can drive the same, they agree.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.bench._fast_server import fast_server
from tests.bench._harness import Effort, Row, compare, take_turns
from tests.strategies.loadgen.null_server import null_server

_PROGRAM = Path(__file__).with_name("_generators.py")
_DELAY = "/delay/0.005"
_RATE_RPS = 1_000
_USERS = 16
Figures = dict[str, float]


def run(effort: Effort) -> Iterator[Row]:
    """Agreement first, then what it can do."""
    with null_server() as (port, _):
        if importlib.util.find_spec("mlperf_loadgen"):
            yield from _against_loadgen(port, effort)
        else:
            print("mlcommons-loadgen is not installed: no comparison with it.", file=sys.stderr)
        if shutil.which("wrk"):
            yield _against_wrk(port, effort)
        else:
            print("wrk is not installed: no comparison with it.", file=sys.stderr)
    with fast_server() as port:
        yield _most(port, effort)
        yield _on_time(port, effort)


def _against_loadgen(port: int, effort: Effort) -> Iterator[Row]:
    found = _turns(
        {
            "ours": lambda seed: _measure("ours-open", port, _DELAY, _RATE_RPS, effort.seconds, seed),
            "loadgen": lambda seed: _measure("loadgen", port, _DELAY, _RATE_RPS, effort.seconds, seed),
        },
        effort.rounds,
    )
    p50, p99 = ([[run[f"{p}_ms"] for run in found[who]] for who in ("ours", "loadgen")] for p in ("p50", "p99"))
    what = f"of a 5 ms server at {_RATE_RPS:,}/s Poisson"
    yield _agreement(f"generator: p50 {what}, agreement with LoadGen", *p50, 0.97, "ms")
    # LoadGen's own two threads disturb its tail now and then; ours must only not be longer.
    yield compare(f"generator: p99 {what}, against LoadGen's", *p99, target=0.95, unit="ms", better="less")


def _against_wrk(port: int, effort: Effort) -> Row:
    found = _turns(
        {
            "ours": lambda seed: _measure("ours-closed", port, _DELAY, _USERS, effort.seconds, seed),
            "wrk": lambda _: _wrk(port, _DELAY, effort.seconds),
        },
        effort.rounds,
    )
    ours, theirs = ([run["rate_rps"] for run in found[who]] for who in ("ours", "wrk"))
    title = f"generator: throughput of a 5 ms server at {_USERS} connections, agreement with wrk"
    return _agreement(title, ours, theirs, 0.97, "requests/s")


def _most(port: int, effort: Effort) -> Row:
    rates = [_measure("ours-closed", port, "/", _USERS, effort.seconds, 1)["rate_rps"] for _ in range(effort.rounds)]
    most, promised = median(rates), 10_000.0
    title = f"generator: most requests at {_USERS} connections, against the promise"
    return Row(title, most, promised, most / promised, 1.0, "requests/s", len(rates), most >= promised)


def _on_time(port: int, effort: Effort) -> Row:
    runs = [_measure("ours-open", port, "/", 5_000, effort.seconds, seed) for seed in range(effort.rounds)]
    late_ms, promised_ms = median(run["late_p99_ms"] for run in runs), 1.0
    title = "generator: p99 of the scheduling error at 5,000/s, against the promise"
    ratio = promised_ms / late_ms
    return Row(title, late_ms, promised_ms, ratio, 1.0, "ms", len(runs), ratio >= 1.0)


def _agreement(title: str, ours: list[float], theirs: list[float], target: float, unit: str) -> Row:
    """The smaller over the larger: 1 where both measure the same."""
    ratio = median(min(a / b, b / a) for a, b in zip(ours, theirs, strict=True))
    return Row(title, median(ours), median(theirs), ratio, target, unit, len(ours), ratio >= target)


def _turns(contenders: dict[str, Callable[[int], Figures]], rounds: int) -> dict[str, list[Figures]]:
    """All figures of each contender's rounds; what one measures beside the other is kept, not only one number."""
    kept: dict[str, list[Figures]] = {name: [] for name in contenders}

    def turn(name: str) -> Callable[[], float]:
        def measure() -> float:
            kept[name].append(contenders[name](len(kept[name])))
            return 0.0

        return measure

    take_turns({name: turn(name) for name in contenders}, rounds)
    return {name: runs[1:] for name, runs in kept.items()}  # the first was the warm-up


def _measure(who: str, port: int, path: str, size: float, seconds: float, seed: int) -> Figures:
    command = [sys.executable, str(_PROGRAM), who, str(port), path, str(size), str(seconds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120, check=True)
    found: Figures = json.loads(done.stdout)
    return found


def _wrk(port: int, path: str, seconds: float) -> Figures:
    command = ["wrk", "-t1", f"-c{_USERS}", f"-d{max(1, round(seconds))}s", f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return {"rate_rps": float(found[1])}
