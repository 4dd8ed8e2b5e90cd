"""Warm-up traffic comes before the workload and leaves it as it was."""

import numpy as np
import pytest

from data.discovery import kind
from data.workloads.contract import ClosedSchedule, OpenSchedule, Workload
from data.workloads.poisson import Poisson
from strategies.measuring.warm_up import rest_s, with_warm_up


@pytest.mark.parametrize("warm_up_s", [0.5, 2.0])
def test_the_workload_follows_unchanged(warm_up_s: float) -> None:
    workload = Poisson(rate_rps=400.0, duration_s=3.0)
    plain, warmed = workload.schedule(50, seed=9), with_warm_up(workload, 50, 9, warm_up_s)
    assert isinstance(plain, OpenSchedule)
    assert isinstance(warmed, OpenSchedule)
    counted = warmed.at_s >= warm_up_s
    assert np.array_equal(warmed.at_s[counted], plain.at_s + warm_up_s)
    assert np.array_equal(warmed.row[counted], plain.row)
    assert warmed.duration_s == plain.duration_s + warm_up_s
    before = warmed.at_s[~counted]
    assert np.all(np.diff(warmed.at_s) >= 0)
    assert before.max() < warm_up_s - rest_s(warm_up_s)
    expected = 400.0 * (warm_up_s - rest_s(warm_up_s))
    assert abs(len(before) - expected) < 5 * np.sqrt(expected)
    assert set(np.unique(warmed.row)) <= set(range(50))


def test_no_warm_up_is_the_workload_itself() -> None:
    workload = Poisson(rate_rps=100.0, duration_s=1.0)
    plain, warmed = workload.schedule(5, seed=1), with_warm_up(workload, 5, 1, 0.0)
    assert isinstance(plain, OpenSchedule)
    assert isinstance(warmed, OpenSchedule)
    assert np.array_equal(plain.at_s, warmed.at_s)


def test_users_of_a_closed_loop_begin_earlier() -> None:
    closed = kind("data.workloads", Workload, "closed_loop")(users=3, think_s=0.1, duration_s=2.0)  # type: ignore[type-abstract, call-arg]
    warmed = with_warm_up(closed, 5, 1, 1.0)
    assert isinstance(warmed, ClosedSchedule)
    assert warmed.duration_s == 3.0
    assert warmed.users == 3
