"""Stalls of the machine, told as laws of services and pauses, against a queue whose clock really stands still."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.discovery import kind
from data.profile import Component, ServiceProfile
from data.workloads.contract import OpenSchedule
from data.workloads.poisson import Poisson
from simulators.calibration.knobs import Knobs, turned
from simulators.calibration.stalls import Stalls
from simulators.engines.contract import Engine, Task
from simulators.fidelity.plans import as_measured

SERVICE_S, SECONDS = 0.0002, 150.0
KNOBS = Knobs(spread=-3.0, stalls=0.7, stall=1.1, stall_spread=-0.7, whoever=9.0, delay=-5.0, idle=-9.0)
"""Twenty stalls a second of three milliseconds, for whoever is or is not served."""
PROFILE = ServiceProfile("it", "api", "process", 1, (Component("model", ((1, (SERVICE_S,)),)),), capacity_rps=5_000.0)


def stood_still(at_s: NDArray[np.float64], stalls: Stalls, seed: int) -> NDArray[np.float64]:
    """Latencies of one server with a constant service that does nothing while the machine stands still.

    Time is counted without the stalls, in which the queue is an ordinary one (Lindley), and then with them again.
    """
    rng = np.random.default_rng(seed)
    begin_s = np.cumsum(rng.exponential(1 / stalls.rate_hz, round(2 * SECONDS * stalls.rate_hz)))  # without stalls
    lost_s = np.cumsum(stalls.median_s * np.exp(stalls.sigma * rng.standard_normal(len(begin_s))))
    before_s = np.concatenate([[0.0], lost_s])
    # A moment with stalls is one without: less all that was lost before, and within a stall the moment it began.
    ends_s = begin_s + lost_s
    number = np.searchsorted(ends_s, at_s)
    arrived_s = np.minimum(at_s - before_s[number], begin_s[number])
    done_s = np.empty(len(at_s))
    free_s = 0.0
    for i, arrival_s in enumerate(arrived_s.tolist()):
        free_s = max(arrival_s, free_s) + SERVICE_S
        done_s[i] = free_s
    return done_s + before_s[np.searchsorted(begin_s, done_s)] - at_s


@pytest.mark.parametrize("load", [0.1, 0.5, 0.8])
def test_a_queue_sees_the_stalls_that_a_clock_makes(load: float) -> None:
    schedule = Poisson(rate_rps=load / SERVICE_S, duration_s=SECONDS).schedule(1, 5)
    assert isinstance(schedule, OpenSchedule)
    plan = as_measured(turned(PROFILE, KNOBS))
    outcome = kind("simulators.engines", Engine, "kernel")().run(Task(plan, schedule, 3, bins=1))  # type: ignore[type-abstract]
    assert outcome.rows is not None
    predicted_s = outcome.rows["end_s"] - outcome.rows["scheduled_s"]
    seen_s = stood_still(schedule.at_s, KNOBS.stalling, 8)
    for level, within in ((50, 0.03), (90, 0.10), (95, 0.12), (99, 0.12)):
        assert np.percentile(predicted_s, level) == pytest.approx(np.percentile(seen_s, level), rel=within), level


def test_a_service_is_hit_as_often_as_it_is_long() -> None:
    stalls = Stalls(20.0, 0.003, 0.5)
    held_s = stalls.in_service(0.005, 50_000)
    assert np.mean(held_s > 0) == pytest.approx(0.1, abs=1e-4)
    assert np.median(held_s[held_s > 0]) == pytest.approx(0.003, rel=0.01)
    assert not stalls.in_service(1e-7, 1_000).any()


def test_what_is_left_of_a_stall_at_an_arrival() -> None:
    """Of stalls that began in the last g seconds, against drawing them one by one."""
    stalls, idle_s, rng = Stalls(20.0, 0.003, 0.5), 0.002, np.random.default_rng(2)
    lengths_s = stalls.median_s * np.exp(stalls.sigma * rng.standard_normal(400_000))
    begun = rng.random(len(lengths_s)) < stalls.rate_hz * idle_s
    drawn_s = np.where(begun, np.maximum(lengths_s - rng.random(len(lengths_s)) * idle_s, 0.0), 0.0)
    told_s = stalls.left_over(idle_s, 100_000)
    assert np.mean(told_s) == pytest.approx(np.mean(drawn_s), rel=0.03)
    for level in (97, 98, 99, 99.9):
        assert np.percentile(told_s, level) == pytest.approx(np.percentile(drawn_s, level), rel=0.03), level


def test_a_longer_pause_leaves_more_of_a_stall() -> None:
    means = [float(np.mean(KNOBS.stalling.left_over(pause_s, 5_000))) for pause_s in (0.0001, 0.001, 0.01)]
    assert means == sorted(means)
