"""What the simulators are timed on; as a module, one timing in a process of its own, so that its memory is its own.

``python -m tests.bench._simulated day`` prints the seconds that a day at 100 requests/s takes in each architecture, one
after the other, and the most memory that the process held. ``… growth N`` prints nanoseconds for each of N requests.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from data.discovery import kind
from data.profile import ColdStart, Component, ServiceProfile
from data.workloads.contract import OpenSchedule
from simulators.architectures.contract import Architecture
from simulators.engines.contract import Engine, Task
from simulators.plan import Exponential, Plan, one_station
from simulators.simulate import simulate

ARCHITECTURES = ("monolith", "microservices", "serverless")
DAY_S = 86_400.0
DAY_RPS = 100.0
TEN_SERVERS = one_station(Exponential(1.0), workers=10)
TEN_SERVERS_RPS = 8.0


def application() -> ServiceProfile:
    """An application of five components with durations as they are measured on a small machine."""
    rng = np.random.default_rng(7)

    def durations(mean_ms: float) -> tuple[float, ...]:
        return tuple((rng.gamma(4.0, mean_ms / 4e3, 500)).tolist())

    parts = {"gateway": 0.2, "customers": 0.3, "features": 0.5, "model": 1.5, "ranking": 0.2}
    return ServiceProfile(
        "application", "embedded", "process", 1,
        tuple(Component(name, ((1, durations(mean_ms)),), 50_000_000) for name, mean_ms in parts.items()),
        overhead_s=durations(0.3), delay_s=durations(0.4), capacity_rps=300.0, cpu_s=0.003, call_s=durations(0.2),
        serve_s=durations(0.2), hop_s=durations(0.1), memory_bytes=200_000_000,
        cold_starts=(ColdStart((("import", 0.3), ("load", 0.1))),),
    )  # fmt: skip


def plan_of(architecture: str) -> Plan:
    return kind("simulators.architectures", Architecture, architecture)().plan(application())  # type: ignore[type-abstract]


def arrivals(rate_rps: float, n: int, seed: int = 1) -> OpenSchedule:
    """n arrivals of a Poisson process; all carry the same row, which takes no memory."""
    at_s = np.random.default_rng(seed).standard_exponential(n)
    at_s /= rate_rps
    np.cumsum(at_s, out=at_s)
    return OpenSchedule(at_s, np.broadcast_to(np.int64(0), n), float(at_s[-1]) + 1.0)


def engine(name: str) -> Engine:
    return kind("simulators.engines", Engine, name)()  # type: ignore[type-abstract]


def timed(runner: Engine, plan: Plan, schedule: OpenSchedule) -> float:
    """Seconds for a run that keeps counts and percentiles."""
    task = Task(plan, schedule, 1, keep_rows=False)
    began_s = time.perf_counter()
    runner.run(task)
    return time.perf_counter() - began_s


def apart(*arguments: str) -> dict[str, float]:
    """One timing in a process of its own."""
    command = [sys.executable, "-m", "tests.bench._simulated", *arguments]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def _day() -> dict[str, float]:
    plans = {name: plan_of(name) for name in ARCHITECTURES}
    for plan in plans.values():  # compiled code is loaded before the clock runs
        simulate(plan, arrivals(DAY_RPS, 1_000), seed=1, keep_rows=False)
    found, schedule = {}, arrivals(DAY_RPS, int(DAY_RPS * DAY_S))
    for name, plan in plans.items():
        began_s = time.perf_counter()
        simulate(plan, schedule, seed=1, keep_rows=False)
        found[name] = time.perf_counter() - began_s
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found | {"peak_bytes": peak if sys.platform == "darwin" else 1024 * peak}


def _growth(n: int) -> dict[str, float]:
    kernel = engine("kernel")
    timed(kernel, TEN_SERVERS, arrivals(TEN_SERVERS_RPS, 1_000))
    return {"ns": timed(kernel, TEN_SERVERS, arrivals(TEN_SERVERS_RPS, n)) / n * 1e9}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("which", choices=("day", "growth"))
    parser.add_argument("n", type=int, nargs="?", default=1_000_000)
    chosen = parser.parse_args()
    print(json.dumps(_day() if chosen.which == "day" else _growth(chosen.n)))
