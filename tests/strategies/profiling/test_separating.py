"""Occupancy apart from delay: against values that are known beforehand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.profile import Component
from strategies.profiling.profiling import divide
from strategies.profiling.runs import Pauses, Saturation
from strategies.profiling.separating import (
    idle_extras,
    occupancy_s,
    order_of_service,
    quantiles,
    separate,
    slowdown,
    spread,
)


def full(rate_rps: float, cpu_s: float, client_s: float = 1e-5, machine: float = 0.6) -> Saturation:
    return Saturation(8, rate_rps, cpu_s, client_s, machine, 1_000)


def test_workers_that_are_the_bottleneck_are_never_idle_at_saturation() -> None:
    assert occupancy_s(full(1_000, 0.0009), 1, False)[0] == pytest.approx(0.001)
    assert occupancy_s(full(1_000, 0.0009), 2, False)[0] == pytest.approx(0.002)


def test_where_something_else_limits_the_rate_processor_time_tells() -> None:
    by_client = occupancy_s(full(5_000, 0.00007, client_s=0.000195), 1, False)
    by_cores = occupancy_s(full(5_000, 0.00007, machine=0.98), 1, False)
    assert by_client[0] == by_cores[0] == 0.00007
    assert "load generator" in by_client[1]
    assert "cores" in by_cores[1]


def test_a_model_in_the_caller_occupies_it_for_its_whole_turn() -> None:
    assert occupancy_s(full(50_000, 0.000008, client_s=0.00002, machine=1.0), 1, True)[0] == pytest.approx(2e-5)


@given(mean=st.floats(1e-5, 1e-2), delay=st.floats(0, 1e-2), cv=st.floats(0.01, 0.3))
def test_what_is_separated_adds_up_to_the_latency(mean: float, delay: float, cv: float) -> None:
    latency = np.random.default_rng(3).gamma(1 / cv**2, mean * cv**2, 500) + delay
    service, rest = separate(latency, mean)
    assert np.mean(service) == pytest.approx(mean, rel=1e-6)
    assert min(service) > 0
    if rest:
        assert np.mean(service) + rest[0] == pytest.approx(np.mean(quantiles(latency)), rel=1e-6)


def test_what_a_pause_adds_is_found_and_noise_is_not() -> None:
    rng = np.random.default_rng(5)
    base = rng.gamma(50, 1e-3 / 50, 400)
    found = idle_extras(Pauses((0.0, 0.001, 0.01), (base, base * 1.001, base + 5e-4), (0.0,) * 3))
    assert [idle.after_s for idle in found] == [0.01]
    assert np.mean(found[0].extra_s) == pytest.approx(5e-4, rel=0.02)


def test_the_order_of_service_is_told_from_its_two_marks() -> None:
    service = 0.002
    one_by_one = np.array([[1, 2, 3, 4]] * 9) * service
    together = np.full((9, 4), 4 * service)
    alone = np.full(9, service)
    assert order_of_service(spread(one_by_one, service, 1)[0], slowdown(alone, alone, service)[0]) == "fcfs"
    shared = np.full(9, 1.5 * service)  # half of it alone, the other half at half the rate
    assert order_of_service(spread(together, service, 1)[0], slowdown(alone, shared, service)[0]) == "ps"
    assert order_of_service(spread(together, service, 1)[0], slowdown(alone, alone, service)[0]) == "turns"


@given(parts=st.lists(st.floats(1e-6, 1e-2), min_size=1, max_size=5), whole=st.floats(1e-4, 1e-2))
def test_components_and_overhead_have_the_mean_of_the_whole(parts: list[float], whole: float) -> None:
    service = np.random.default_rng(1).gamma(4, whole / 4, 300)
    given_parts = tuple(Component(f"c{i}", ((1, (s,)),)) for i, s in enumerate(parts))
    components, overhead = divide(service.tolist(), given_parts)
    total = sum(c.mean_s for c in components) + np.mean(overhead)
    assert total == pytest.approx(service.mean(), rel=0.01)
    assert min(overhead) > 0
