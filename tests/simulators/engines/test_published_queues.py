"""Exact cases whose values were computed elsewhere: what each row's source says, in 99% intervals of at most ±1%.

Intervals of waits are held to 1% of the mean response, which is the wait and a service: the wait alone would need
hundreds of millions of requests at 100 servers.
"""

import numpy as np
import pytest

from simulators import plan as p
from simulators.engines.contract import Task
from simulators.engines.kernel import Kernel
from tests.simulators.engines.long_runs import LongRun, assert_littles_law, poisson, poisson_run, ratio

ONE_PERCENT = 0.01
MILLION = 1e6


def queue(service: p.Law, rate: float, n: float, **station: object) -> LongRun:
    plan = p.one_station(service, **station)  # type: ignore[arg-type]
    return poisson_run(plan, rate, n)


def test_mm1() -> None:
    """λ = 0.8, μ = 1: W = 5, p95 14.9787, p99 23.0259 (exact)."""
    run = queue(p.Exponential(1.0), 0.8, 6 * MILLION)
    run.latency.assert_is(5.0, within=ONE_PERCENT)
    run.latency_quantile(0.95).assert_is(14.9787, within=0.03)
    run.latency_quantile(0.99).assert_is(23.0259, within=0.04)


def test_mm1_with_ten_places() -> None:
    """λ = 0.8, μ = 1, K = 10: loss 0.0234929 (exact)."""
    run = queue(p.Exponential(1.0), 0.8, 6 * MILLION, queue_limit=9)
    run.loss.assert_is(0.0234929, within=0.02)


def test_mm2() -> None:
    """λ = 3, μ = 2: Wq = 0.642857 (exact)."""
    run = queue(p.Exponential(0.5), 3.0, 3 * MILLION, workers=2)
    run.wait("station").assert_is(0.642857, within=ONE_PERCENT, scale=0.642857 + 0.5)


def test_mm10() -> None:
    """λ = 8, μ = 1: Wq = 0.204590 (Erlang C; line-solver 3.0.8)."""
    run = queue(p.Exponential(1.0), 8.0, 2 * MILLION, workers=10)
    run.wait("station").assert_is(0.204590, within=ONE_PERCENT, scale=1.204590)


def test_mm10_waits() -> None:
    """λ = 8, μ = 1: P(wait) 0.409180 (Erlang C; line-solver 3.0.8), p95 of the wait 1.051066, p99 1.855785 (exact)."""
    plan, schedule = p.one_station(p.Exponential(1.0), workers=10), poisson(8.0, 4 * MILLION, seed=2)
    outcome = Kernel().run(Task(plan, schedule, 2))
    assert outcome.rows is not None
    assert_littles_law(plan, outcome)
    wait_s = outcome.rows["start_s"] - outcome.rows["scheduled_s"]
    for longer_than_s, share, within in ((0.0, 0.409180, 0.02), (1.051066, 0.05, 0.06), (1.855785, 0.01, 0.15)):
        longer = np.array([np.mean(part > longer_than_s) for part in np.array_split(wait_s, 41)[1:]])
        ratio(longer, np.ones(len(longer))).assert_is(share, within=within)


def test_mm100() -> None:
    """λ = 95, μ = 1: Wq = 0.101291 (Erlang C)."""
    run = queue(p.Exponential(1.0), 95.0, 3 * MILLION, workers=100)
    run.wait("station").assert_is(0.101291, within=ONE_PERCENT, scale=1.101291)


@pytest.mark.parametrize(
    ("law", "wait_s", "millions"),
    [
        (p.Deterministic(1.0), 2.0, 2),
        (p.Gamma(1.0, 0.5), 2.5, 3),
        (p.Gamma(1.0, 2.0), 10.0, 13),
        (p.LogNormal(1.0, 2.0), 10.0, 40),
    ],
    ids=["cs2=0", "cs2=0.25", "cs2=4", "cs2=4 lognormal"],
)
def test_mg1(law: p.Law, wait_s: float, millions: int) -> None:
    """λ = 0.8, mean 1, cs² 0, 0.25 and 4: Wq = 2, 2.5, 10 (Pollaczek-Khinchine)."""
    run = queue(law, 0.8, millions * MILLION)
    run.wait("station").assert_is(wait_s, within=ONE_PERCENT, scale=wait_s + 1.0)


@pytest.mark.parametrize(
    "law", [p.Deterministic(1.0), p.Exponential(1.0), p.LogNormal(1.0, 2.0)], ids=["cs2=0", "cs2=1", "cs2=4"]
)
def test_processor_sharing(law: p.Law) -> None:
    """λ = 0.8, mean 1, any cs²: W = 5 (insensitivity)."""
    plan = p.one_station(law, workers=None, unit=p.Unit("cores", (p.Station("any", law),), cores=1.0))
    poisson_run(plan, 0.8, 9 * MILLION).latency.assert_is(5.0, within=ONE_PERCENT)


@pytest.mark.parametrize(("servers", "load", "loss"), [(10, 5.0, 0.018385), (100, 90.0, 0.026957)])
def test_erlang_b(servers: int, load: float, loss: float) -> None:
    """c = 10, a = 5: loss 0.018385; c = 100, a = 90: 0.026957, for any law (Erlang B)."""
    run = queue(p.Gamma(1.0, 1.5), load, 4 * MILLION, workers=servers, queue_limit=0)
    run.loss.assert_is(loss, within=0.02)


def test_fork_join_of_two() -> None:
    """λ = 0.8, μ = 1 each: R = 7 (Flatto and Hahn)."""
    units = tuple(p.Unit(name, (p.Station(name, p.Exponential(1.0)),)) for name in ("left", "right"))
    plan = p.Plan("fork-join", units, p.Parallel((p.Visit("left"), p.Visit("right"))))
    poisson_run(plan, 0.8, 5 * MILLION).latency.assert_is(7.0, within=ONE_PERCENT)


def test_tandem() -> None:
    """λ = 4, μ = 10, 8, 6: W = 0.916667 (Jackson)."""
    rates = {"one": 10.0, "two": 8.0, "three": 6.0}
    units = tuple(p.Unit(name, (p.Station(name, p.Exponential(1 / rate)),)) for name, rate in rates.items())
    plan = p.Plan("tandem", units, p.Sequence(tuple(p.Visit(name) for name in rates)))
    poisson_run(plan, 4.0, MILLION).latency.assert_is(0.916667, within=ONE_PERCENT)
