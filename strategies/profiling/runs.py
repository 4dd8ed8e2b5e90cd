"""The runs that a profile is made of, each through the load generator, so that they see what measured runs will see."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import NotEstimable
from data.trace import Status
from data.workloads.contract import ClosedSchedule, OpenSchedule
from data.workloads.poisson import Poisson
from strategies.contract import Deployment
from strategies.loadgen import Driven, drive
from strategies.training.watch import CancelCheck, never

_TIMEOUT_S = 30.0
_REST_S = 0.02
_SEED = 7_001
"""Of the traffic that durations are fitted to; no run that a prediction is held against has it."""
TURNS = 2
"""In which each rate is driven."""
FEWEST = 10
"""Answers that a rate is told from."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """What a deployment does when it is never without a request."""

    users: int
    rate_rps: float
    """Answers per second, X_max."""
    cpu_s: float
    """Processor time of the deployment for an answer."""
    client_s: float
    """Processor time of the load generator's thread for an answer."""
    machine_share: float
    """How much of all the machine's cores was in use meanwhile, by whatever runs on it."""
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Pauses:
    """Latency of requests that each came alone, by how long the deployment had been idle before."""

    pause_s: tuple[float, ...]
    latency_s: tuple[NDArray[np.float64], ...]
    """For each pause, (requests,)."""
    cpu_s: tuple[float, ...]
    """For each pause, the deployment's processor time for an answer."""


def saturate(
    deployment: Deployment, rows: NDArray[np.float32], users: int, seconds: float, cancelled: CancelCheck = never
) -> Saturation:
    """A closed loop without thinking, after a fifth of the time to warm up.

    Raises `NotEstimable` where too little was answered to tell a rate: it takes longer, or was still starting.
    """
    import psutil

    schedule = _closed(np.zeros((users, 1_000)), len(rows), seconds)
    used: list[tuple[float, float, float]] = []

    def note(share: float) -> None:
        if share > 0:
            used.append(_reading(deployment))

    before, begun = psutil.cpu_times(), _reading(deployment)
    driven = drive(deployment, schedule, rows, timeout_s=_TIMEOUT_S, on_progress=note, cancelled=cancelled)
    after = psutil.cpu_times()
    if len(used) < 2:  # so short a run is read as a whole; otherwise its end, where the last answers drain, stays out
        used = [begun, _reading(deployment)]
    first = min(len(used) // 5, max(len(used) - 2, 0))
    (from_s, thread_from_s, cpu_from_s), (until_s, thread_until_s, cpu_until_s) = used[first], used[-1]
    end_s = driven.columns["end_s"] + driven.began_s
    answered = (driven.columns["status"] == Status.OK) & (end_s >= from_s) & (end_s < until_s)
    n = int(answered.sum())
    if n < FEWEST:
        raise NotEstimable("capacity", n, FEWEST)
    span_s = until_s - from_s
    return Saturation(
        users,
        n / span_s,
        (cpu_until_s - cpu_from_s) / n,
        (thread_until_s - thread_from_s) / n,
        _busy_share(before, after),
        n,
    )


def pauses(
    deployment: Deployment,
    rows: NDArray[np.float32],
    pause_s: Sequence[float],
    seconds: float,
    cancelled: CancelCheck = never,
) -> Pauses:
    """One user who pauses for each of these times in turn, in blocks so that a pause of 0 finds a busy server.

    Each pause gets an equal part of the time, and at least 30 requests.
    """
    found: list[NDArray[np.float64]] = []
    cpu_s: list[float] = []
    for pause in pause_s:
        duration_s = max(seconds / len(pause_s), 30 * pause)
        schedule = _closed(np.full((1, 1_000), pause), len(rows), duration_s)
        driven = drive(deployment, schedule, rows, timeout_s=_TIMEOUT_S, cancelled=cancelled)
        latency_s = answered_s(driven)
        found.append(latency_s[len(latency_s) // 10 :])
        used_s = (driven.usage_after.cpu_s or 0.0) - (driven.usage_before.cpu_s or 0.0)
        cpu_s.append(used_s / max(len(latency_s), 1))
    return Pauses(tuple(pause_s), tuple(found), tuple(cpu_s))


def lone(deployment: Deployment, rows: NDArray[np.float32], pause_s: float, seconds: float) -> None:
    """One user who pauses for so long before each request; for what happens at the deployment meanwhile."""
    drive(deployment, _closed(np.full((1, 1_000), pause_s), len(rows), seconds), rows, timeout_s=_TIMEOUT_S)


def bursts(
    deployment: Deployment, rows: NDArray[np.float32], at_once: int, gap_s: float, count: int
) -> NDArray[np.float64]:
    """Moments of the answers to requests sent together, since they were sent, in order. (bursts, at_once)"""
    at_s = np.repeat(np.arange(count) * gap_s + _REST_S, at_once)
    picks = np.random.default_rng(1).integers(0, len(rows), len(at_s))
    schedule = OpenSchedule(at_s, picks, count * gap_s + _REST_S)
    driven = drive(deployment, schedule, rows, timeout_s=_TIMEOUT_S)
    latency_s = np.where(driven.columns["status"] == Status.OK, driven.columns["end_s"] - at_s, np.nan)
    whole: NDArray[np.float64] = np.sort(latency_s.reshape(count, at_once), axis=1)
    return whole[~np.isnan(whole).any(axis=1)]


def staggered(
    deployment: Deployment, rows: NDArray[np.float32], after_s: float, gap_s: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latencies of requests that come alone, and of others after which one more comes so much later, turn about."""
    at = [i * gap_s + _REST_S + extra for i in range(2 * count) for extra in ((0.0,) if i % 2 else (0.0, after_s))]
    first = np.array([i % 2 for i in range(2 * count) for _ in ((0,) if i % 2 else (0, 1))])  # 1: it comes alone
    at_s = np.array(at)
    picks = np.random.default_rng(2).integers(0, len(rows), len(at_s))
    schedule = OpenSchedule(at_s, picks, 2 * count * gap_s + _REST_S)
    driven = drive(deployment, schedule, rows, timeout_s=_TIMEOUT_S)
    latency_s = driven.columns["end_s"] - at_s
    leading = np.diff(at_s, append=np.inf) <= after_s * 1.001
    return latency_s[first == 1], latency_s[leading]


@dataclass(frozen=True, slots=True, eq=False)
class UnderLoad:
    """What one rate of Poisson traffic gave."""

    latency_s: NDArray[np.float64]
    """(answers,)"""
    cpu_s: float
    """Processor time of the deployment for an answer."""


def under_load(
    deployment: Deployment,
    rows: NDArray[np.float32],
    rates_rps: Sequence[float],
    seconds: float,
    cancelled: CancelCheck = never,
) -> tuple[UnderLoad, ...]:
    """Poisson traffic at each rate, every rate for so long.

    The rates come in turns, twice, so that what drifts on the machine touches all of them.
    """
    found: list[list[NDArray[np.float64]]] = [[] for _ in rates_rps]
    used_s = [0.0] * len(rates_rps)
    for turn in range(TURNS):
        for place, rate_rps in enumerate(rates_rps):
            schedule = Poisson(rate_rps=rate_rps, duration_s=seconds / TURNS).schedule(len(rows), _SEED + turn)
            driven = drive(deployment, schedule, rows, timeout_s=_TIMEOUT_S, cancelled=cancelled)
            found[place].append(answered_s(driven))
            used_s[place] += (driven.usage_after.cpu_s or 0.0) - (driven.usage_before.cpu_s or 0.0)
    whole = [np.concatenate(parts) for parts in found]
    return tuple(UnderLoad(seen, used / max(len(seen), 1)) for seen, used in zip(whole, used_s, strict=True))


def answered_s(driven: Driven) -> NDArray[np.float64]:
    """Latencies of the requests that were answered, in order of their moments. (n,)"""
    ok = driven.columns["status"] == Status.OK
    latency_s: NDArray[np.float64] = (driven.columns["end_s"] - driven.columns["scheduled_s"])[ok]
    return latency_s


def _closed(think_s: NDArray[np.float64], rows: int, duration_s: float) -> ClosedSchedule:
    picks = np.random.default_rng(0).integers(0, rows, think_s.shape)
    return ClosedSchedule(think_s, picks, duration_s)


def _reading(deployment: Deployment) -> tuple[float, float, float]:
    """Now, and the processor time of this thread and of the deployment so far."""
    return time.perf_counter(), time.thread_time(), deployment.usage().cpu_s or 0.0


def _busy_share(before: Any, after: Any) -> float:
    idle_s = (after.idle - before.idle) + (getattr(after, "iowait", 0.0) - getattr(before, "iowait", 0.0))
    whole_s = sum(after[:8]) - sum(before[:8])  # further fields count time that is already in these
    return 1.0 - idle_s / whole_s if whole_s > 0 else 0.0
