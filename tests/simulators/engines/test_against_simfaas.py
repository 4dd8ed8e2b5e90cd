"""Serverless against SimFaaS: its published experiment, and its own program on 30 random settings, start by start.

SimFaaS: N. Mahmoudi and H. Khazaei, "SimFaaS: A Performance Simulator for Serverless Computing Platforms" (2021). It
routes to the newest idle instance, restarts the expiry at each departure, and a cold start's service takes the place of
a warm one: `PerRequest` without a start-up and with `cold_service` says the same.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from data.workloads.contract import OpenSchedule
from simulators import plan as p
from simulators.engines._simpy.sampling import Sampler, sampler
from simulators.engines.contract import UNIT_FIELDS, Outcome, Task
from simulators.engines.kernel import Kernel
from tests.simulators.engines.long_runs import assert_littles_law, poisson_run, ratio

_REQUESTS = 500
_READY, _STARTING = UNIT_FIELDS.index("ready_s"), UNIT_FIELDS.index("starting_s")


def function(warm_s: float, cold_s: float, expiry_s: float, concurrency: int) -> p.Plan:
    scaling = p.PerRequest(expiry_s, concurrency, cold_service=p.Exponential(cold_s))
    station = p.Station("function", p.Exponential(warm_s), queue_limit=0)
    return p.Plan("function", (p.Unit("function", (station,), scaling),), p.Visit("function"))


def test_published_experiment() -> None:
    """λ = 0.9, warm 1.991 s, cold 2.244 s, expiry 600 s, 10^6 s: p_cold 0.00135 (1213 of 898,469), 7.6612 servers, of
    which 1.7879 running and 5.8733 idle (pacslab/simfaas README).

    Theirs is one run of 10^6 s; ours is long enough to be surer of itself than half the tolerance.
    """
    run = poisson_run(function(1.991, 2.244, 600.0, 1_000), 0.9, 20e6)
    starting = run.unit("starting_s")
    running = ratio(run.station("function", "busy_s"), run.part_s)
    servers = ratio(run.unit("ready_s") + starting, run.part_s)
    cold = ratio(run.requests("cold"), run.requests("scheduled"))
    assert not starting.any()
    assert servers.half < 0.0025 * 7.6612
    assert servers.value == pytest.approx(7.6612, rel=0.01)
    assert running.value == pytest.approx(1.7879, rel=0.01)
    assert servers.value - running.value == pytest.approx(5.8733, rel=0.01)
    assert cold.half < 0.02 * 1213 / 898_469
    assert cold.value == pytest.approx(1213 / 898_469, rel=0.05)


class _Given:
    """A process of SimFaaS that hands out given durations."""

    def __init__(self, durations_s: Iterator[float]) -> None:
        self._durations_s = durations_s

    def generate_trace(self) -> float:
        return next(self._durations_s)


class _Arrivals(_Given):
    """Gaps between arrivals; the next is drawn when a request has come, just before its service."""

    def __init__(self, gaps_s: list[float]) -> None:
        super().__init__(iter(gaps_s))
        self.request = -2

    def generate_trace(self) -> float:
        self.request += 1
        return super().generate_trace()


class _Service:
    """What the request that came last is served, by our draws."""

    def __init__(self, arrivals: _Arrivals, service: Sampler) -> None:
        self._arrivals, self._service = arrivals, service

    def generate_trace(self) -> float:
        return self._service(self._arrivals.request)


def _theirs(plan: p.Plan, schedule: OpenSchedule, seed: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of matplotlib and its kind, at import
        from simfaas.ServerlessSimulator import ServerlessSimulator  # type: ignore[import-untyped]
    scaling, station = plan.units[0].scaling, plan.stations[0]
    assert isinstance(scaling, p.PerRequest)
    # One more arrival after the end, which is not counted.
    gaps_s = [*np.diff(schedule.at_s, prepend=0.0).tolist(), schedule.duration_s, 1.0]
    arrivals = _Arrivals(gaps_s)
    simulator = ServerlessSimulator(
        arrival_process=arrivals,
        warm_service_process=_Service(arrivals, sampler(station.service, seed, "function", "service")),
        cold_service_process=_Service(arrivals, sampler(scaling.cold_service, seed, "function", "cold-service")),
        expiration_threshold=scaling.idle_expiry_s,
        max_time=schedule.duration_s,
        maximum_concurrency=scaling.concurrency,
    )
    simulator.generate_trace()
    return simulator


def _mean_until(times_s: list[float], counts: list[int], until_s: float) -> float:
    """Time average of a step curve; times_s has one more."""
    edges = np.minimum(times_s, until_s)
    return float(np.sum(np.diff(edges) * np.asarray(counts)) / until_s)


def _setting(seed: int) -> tuple[p.Plan, OpenSchedule]:
    rng = np.random.default_rng(seed)
    warm_s = float(rng.uniform(0.2, 4.0))
    expiry_s, concurrency = float(rng.uniform(1, 60)), int(rng.integers(1, 15))
    plan = function(warm_s, warm_s * float(rng.uniform(1.0, 3.0)), expiry_s, concurrency)
    at_s = np.cumsum(rng.exponential(1 / rng.uniform(0.1, 3.0), _REQUESTS))
    return plan, OpenSchedule(at_s, np.zeros(_REQUESTS, np.int64), float(at_s[-1]) + 1.0)


@pytest.mark.parametrize("seed", range(30))
def test_random_setting(seed: int) -> None:
    plan, schedule = _setting(seed)
    simulator = _theirs(plan, schedule, seed)
    outcome = Kernel().run(Task(plan, schedule, seed))
    assert_littles_law(plan, outcome)
    assert outcome.rows is not None
    kinds = sorted(
        [(at, "cold") for at in simulator.hist_req_cold_idxs]
        + [(at, "warm") for at in simulator.hist_req_warm_idxs]
        + [(at, "rejected") for at in simulator.hist_req_rej_idxs]
    )
    theirs = [kind for _, kind in kinds[:_REQUESTS]]
    ours = np.where(outcome.rows["status"] == 1, "rejected", np.where(outcome.rows["cold"], "cold", "warm")).tolist()
    assert ours == theirs
    servers = _mean_until(simulator.hist_times, simulator.hist_server_count, schedule.duration_s)
    assert _mean_servers(outcome, schedule.duration_s) == pytest.approx(servers, rel=1e-9)


def _mean_servers(outcome: Outcome, duration_s: float) -> float:
    standing_s = outcome.units[0, :-1, _READY] + outcome.units[0, :-1, _STARTING]
    return float(standing_s.sum()) / duration_s


def test_settings_differ() -> None:
    """Among the random settings are refusals, many cold starts, and few."""
    shares = []
    for seed in range(30):
        plan, schedule = _setting(seed)
        rows = Kernel().run(Task(plan, schedule, seed)).rows
        assert rows is not None
        shares.append((np.mean(rows["status"] == 1), np.mean(rows["cold"])))
    refused, cold = np.array(shares).T
    assert (refused > 0.1).sum() >= 3
    assert (refused == 0).sum() >= 3
    assert cold.min() < 0.05
    assert cold.max() > 0.3
