"""A sweep of parameters drawn at random, against closed forms written out in `closed_forms`."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator

from simulators import plan as p
from tests.simulators.engines import closed_forms as exact
from tests.simulators.engines.long_runs import Measured, long_run, poisson_run, users

Case = tuple[Measured, float, float]
"""What was measured, the truth, and what a hundredth of it is the widest interval allowed."""
MILLION = 1e6
MOST_MISSES = 2
"""An interval of 99% misses the truth once in a hundred times: of these 36, three or more in one sweep of 180."""


def _units(**services: p.Law) -> tuple[p.Unit, ...]:
    return tuple(p.Unit(name, (p.Station(name, law),)) for name, law in services.items())


def mmc(rng: Generator, seed: int) -> list[Case]:
    servers, mean_s, rho = int(rng.integers(1, 30)), rng.uniform(0.01, 10), rng.uniform(0.2, 0.75)
    rate = rho * servers / mean_s
    run = poisson_run(p.one_station(p.Exponential(mean_s), workers=servers), rate, 3 * MILLION, seed)
    wait_s = exact.mmc_wait(servers, rate, 1 / mean_s)
    return [(run.wait("station"), wait_s, wait_s + mean_s)]


def mmck(rng: Generator, seed: int) -> list[Case]:
    servers, mean_s, rho = int(rng.integers(1, 12)), rng.uniform(0.01, 10), rng.uniform(0.5, 1.5)
    places, rate = servers + int(rng.integers(0, 12)), rho * servers / mean_s
    plan = p.one_station(p.Exponential(mean_s), workers=servers, queue_limit=places - servers)
    sojourn_s = exact.mmck(servers, places, rate, 1 / mean_s)[1]
    return [(poisson_run(plan, rate, 2 * MILLION, seed).latency, sojourn_s, sojourn_s)]


def erlang_b(rng: Generator, seed: int) -> list[Case]:
    servers, mean_s, rho = int(rng.integers(1, 40)), rng.uniform(0.01, 10), rng.uniform(0.7, 1.5)
    law = p.Gamma(mean_s, float(rng.uniform(0.3, 2.0)))
    plan = p.one_station(law, workers=servers, queue_limit=0)
    run = poisson_run(plan, rho * servers / mean_s, 2 * MILLION, seed)
    loss = exact.erlang_b(servers, rho * servers)
    return [(run.loss, loss, 3 * loss)]  # a probability, not a mean: within 3%


def mg1(rng: Generator, seed: int) -> list[Case]:
    mean_s, rho, cv = rng.uniform(0.01, 10), rng.uniform(0.2, 0.7), float(rng.uniform(0.2, 1.5))
    law = (p.Gamma(mean_s, cv), p.LogNormal(mean_s, cv))[int(rng.integers(2))]
    run = poisson_run(p.one_station(law), rho / mean_s, 3 * MILLION, seed)
    wait_s = exact.pollaczek_khinchine(rho / mean_s, mean_s, cv * cv)
    return [(run.wait("station"), wait_s, wait_s + mean_s)]


def measured_law(rng: Generator, seed: int) -> list[Case]:
    """A station whose law is a handful of measured durations."""
    law = p.Empirical(tuple(rng.uniform(0.1, 3.0, 7).tolist()))
    rate = rng.uniform(0.2, 0.7) / law.mean_s
    run = poisson_run(p.one_station(law), rate, 2 * MILLION, seed)
    wait_s = exact.pollaczek_khinchine(rate, law.mean_s, law.cs2)
    return [(run.wait("station"), wait_s, wait_s + law.mean_s)]


def sharing(rng: Generator, seed: int) -> list[Case]:
    mean_s, rho = rng.uniform(0.01, 10), rng.uniform(0.2, 0.7)
    law = p.LogNormal(mean_s, float(rng.uniform(0.3, 2.0)))
    plan = p.one_station(law, workers=None, unit=p.Unit("cores", (p.Station("any", law),), cores=1.0))
    sojourn_s = exact.processor_sharing(rho / mean_s, mean_s)
    return [(poisson_run(plan, rho / mean_s, 2 * MILLION, seed).latency, sojourn_s, sojourn_s)]


def tandem(rng: Generator, seed: int) -> list[Case]:
    rate, rhos = rng.uniform(0.5, 50), rng.uniform(0.2, 0.75, int(rng.integers(2, 5)))
    services = {f"s{i}": p.Exponential(float(rho / rate)) for i, rho in enumerate(rhos)}
    plan = p.Plan("tandem", _units(**services), p.Sequence(tuple(p.Visit(name) for name in services)))
    sojourn_s = exact.tandem(rate, [float(rate / rho) for rho in rhos])
    return [(poisson_run(plan, rate, MILLION, seed).latency, sojourn_s, sojourn_s)]


def repairman(rng: Generator, seed: int) -> list[Case]:
    count, servers, mean_s = int(rng.integers(2, 60)), int(rng.integers(1, 6)), rng.uniform(0.05, 1.0)
    think_s = float(rng.uniform(0.2, 2.0) * count * mean_s / servers)
    throughput, response_s = exact.closed_loop(count, think_s, servers, mean_s)
    schedule = users(count, think_s, MILLION, response_s, seed)
    run = long_run(p.one_station(p.Exponential(mean_s), workers=servers), schedule, seed)
    return [(run.latency, response_s, response_s), (run.throughput, throughput, throughput)]


def closed_network(rng: Generator, seed: int) -> list[Case]:
    count, think_s = int(rng.integers(2, 20)), rng.uniform(0.5, 5.0)
    demands = rng.uniform(0.05, 0.6, 3).tolist()
    services = {f"s{i}": p.Exponential(demand) for i, demand in enumerate(demands)}
    plan = p.Plan("network", _units(**services), p.Sequence(tuple(p.Visit(name) for name in services)))
    throughput, response_s = exact.mean_value_analysis(count, think_s, demands)
    run = long_run(plan, users(count, think_s, MILLION, response_s, seed), seed)
    return [(run.latency, response_s, response_s), (run.throughput, throughput, throughput)]


def fork_join(rng: Generator, seed: int) -> list[Case]:
    mean_s, rho = rng.uniform(0.01, 10), rng.uniform(0.2, 0.7)
    plan = p.Plan(
        "fork-join",
        _units(left=p.Exponential(mean_s), right=p.Exponential(mean_s)),
        p.Parallel((p.Visit("left"), p.Visit("right"))),
    )
    response_s = exact.fork_join_of_two(rho / mean_s, 1 / mean_s)
    return [(poisson_run(plan, rho / mean_s, 2 * MILLION, seed).latency, response_s, response_s)]


FAMILIES: tuple[Callable[[Generator, int], list[Case]], ...] = (
    mmc, mmck, erlang_b, mg1, measured_law, sharing, tandem, repairman, closed_network, fork_join,
)  # fmt: skip


@pytest.mark.slow
def test_closed_forms() -> None:
    """Three settings of each family: intervals of at most ±1%, and the truth is where they say."""
    misses, figures = [], 0
    for number, family in enumerate(FAMILIES):
        for seed in (1, 2, 3):
            for measured, expected, scale in family(np.random.default_rng([number, seed]), seed):
                said = f"{family.__name__} {seed}: {measured} of {expected:g}"
                assert measured.half <= 0.01 * scale, said
                off = abs(measured.value - expected) / measured.half
                assert off < 1.5, said  # beyond the interval of 99.99%
                misses += [said] if off > 1 else []
                figures += 1
    assert figures == 36
    assert len(misses) <= MOST_MISSES, misses


@pytest.mark.parametrize("branches", [3, 6])
def test_wider_forks_are_where_the_approximation_says(branches: int) -> None:
    """Nelson and Tantawi's formula for more than two branches is good to 5%."""
    services = {f"s{i}": p.Exponential(1.0) for i in range(branches)}
    plan = p.Plan("fork-join", _units(**services), p.Parallel(tuple(p.Visit(name) for name in services)))
    latency = poisson_run(plan, 0.6, MILLION).latency
    assert latency.value == pytest.approx(exact.fork_join_nearly(branches, 0.6, 1.0), rel=0.05)
