"""What every kind of workload must satisfy; a new one is found and tested by itself."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from data.discovery import kinds
from data.workloads.contract import ClosedSchedule, OpenSchedule, Schedule, Workload

KINDS = kinds("data.workloads", Workload)  # type: ignore[type-abstract]
OPEN = sorted(name for name, kind in KINDS.items() if kind.schedule is Workload.schedule)
CLOSED = sorted(KINDS.keys() - set(OPEN))
ROWS = 7
SEEDS = range(40)


@pytest.fixture(params=sorted(KINDS))
def workload(request: pytest.FixtureRequest) -> Workload:
    """Each kind with its defaults, for five seconds."""
    return KINDS[request.param]().model_copy(update={"duration_s": 5.0})


def of(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("workload", names, indirect=True)


def arrays(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    return (schedule.at_s if isinstance(schedule, OpenSchedule) else schedule.think_s), schedule.row


def test_it_works_untouched_and_says_what_each_field_is(workload: Workload) -> None:
    assert type(workload).__doc__
    for name, field in type(workload).model_fields.items():
        assert field.description, name
        assert not field.is_required(), name
    assert type(workload)(**workload.model_dump()) == workload


def test_it_is_immutable_and_refuses_unknown_fields(workload: Workload) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        workload.duration_s = 3.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="colour"):
        type(workload)(**workload.model_dump(), colour="red")
    for wrong in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValidationError, match="duration_s"):
            type(workload)(**(workload.model_dump() | {"duration_s": wrong}))


def test_the_same_seed_makes_the_same_schedule_and_another_does_not(workload: Workload) -> None:
    first, again, other = workload.schedule(ROWS, 1), workload.schedule(ROWS, 1), workload.schedule(ROWS, 2)
    for mine, same in zip(arrays(first), arrays(again), strict=True):
        np.testing.assert_array_equal(mine, same)
    assert any(not np.array_equal(mine, others) for mine, others in zip(arrays(first), arrays(other), strict=True))


def test_rows_and_moments_come_from_streams_of_their_own(workload: Workload) -> None:
    few, many = workload.schedule(1, 3), workload.schedule(1_000, 3)
    np.testing.assert_array_equal(arrays(few)[0], arrays(many)[0])
    assert (few.row == 0).all()


def test_the_global_random_state_plays_no_part(workload: Workload) -> None:
    np.random.seed(5)
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr,index]
    workload.schedule(ROWS, 1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # type: ignore[index]


@of(OPEN)
def test_an_open_schedule_is_ascending_and_inside_the_run(workload: Workload) -> None:
    schedule = workload.schedule(ROWS, 1)
    assert isinstance(schedule, OpenSchedule)
    assert len(schedule) > 100
    assert schedule.duration_s == workload.duration_s
    assert schedule.at_s.dtype == np.float64
    assert schedule.row.dtype == np.int64
    assert schedule.row.shape == schedule.at_s.shape
    assert (np.diff(schedule.at_s) >= 0).all()
    assert schedule.at_s[0] >= 0
    assert schedule.at_s[-1] < workload.duration_s
    assert set(schedule.row) == set(range(ROWS))


@of(OPEN)
def test_the_mean_rate_is_what_it_says(workload: Workload) -> None:
    counts = np.array([len(workload.schedule(ROWS, seed)) for seed in SEEDS])  # type: ignore[arg-type]
    error = counts.mean() - workload.mean_rate_rps * workload.duration_s
    assert abs(error) <= 5 * counts.std(ddof=1) / math.sqrt(len(counts)) + 1


@of(CLOSED)
def test_a_closed_schedule_is_bounded_and_never_negative(workload: Workload) -> None:
    schedule = workload.schedule(ROWS, 1)
    assert isinstance(schedule, ClosedSchedule)
    assert schedule.think_s.shape == schedule.row.shape
    assert schedule.users == len(schedule.think_s)
    assert np.isfinite(schedule.think_s).all()
    assert (schedule.think_s >= 0).all()
    assert schedule.think_s.size <= 10_000_000
    assert set(schedule.row.ravel()) == set(range(ROWS))
