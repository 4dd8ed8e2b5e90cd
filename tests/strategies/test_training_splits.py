"""Parts of a split: every row once, the future after the past, no group on two sides, classes in proportion."""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.datasets.contract import Dataset
from data.errors import InvalidValue
from strategies.training.splits import Split, split_rows

SHARES = (0.2, 0.2)


def dataset(time: str | None = None, group: str | None = None) -> Dataset:
    """A dataset of which a split reads only which columns order or join its rows."""

    class Columns(Dataset):
        time_column: ClassVar[str | None] = time
        group_column: ClassVar[str | None] = group

        def load(self) -> pd.DataFrame:
            raise NotImplementedError

    return Columns()


def split(frame: pd.DataFrame, y: Any, task: Any = "binary", seed: int = 1, **columns: str) -> Split:
    return split_rows(dataset(**columns), frame, np.asarray(y), task, SHARES, seed)


def check_partition(found: Split, n: int) -> None:
    assert np.array_equal(np.sort(np.concatenate([found.train, found.validation, found.test])), np.arange(n))


@given(st.lists(st.integers(0, 40), min_size=60, max_size=200), st.randoms())
def test_by_time_the_past_comes_first_and_equal_times_stay_together(times: list[int], random: Any) -> None:
    random.shuffle(times)
    values = np.array(times)
    try:
        found = split(pd.DataFrame({"day": values}), np.zeros(len(times)), "regression", time="day")
    except InvalidValue:
        assert len(np.unique(values)) < 20  # so many rows on so few days that a part stays empty
        return
    check_partition(found, len(times))
    assert values[found.train].max() < values[found.validation].min()
    assert values[found.validation].max() < values[found.test].min()
    assert "by time (day)" in found.rule


@given(st.lists(st.integers(0, 30), min_size=40, max_size=200), st.integers(0, 1_000))
def test_by_group_no_group_is_in_two_parts(groups: list[int], seed: int) -> None:
    values = np.array(groups)
    if len(np.unique(values)) < 5:
        return
    found = split(pd.DataFrame({"person": values}), np.zeros(len(groups)), seed=seed, group="person")
    check_partition(found, len(groups))
    parts = [set(values[rows]) for rows in (found.train, found.validation, found.test)]
    assert sum(len(part) for part in parts) == len(set(groups))
    shares = np.array([len(part) for part in parts]) / len(np.unique(values))
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=1 / len(np.unique(values)))


@given(st.integers(60, 300), st.floats(0.15, 0.85), st.integers(0, 1_000))
def test_at_random_the_classes_keep_their_proportion(n: int, share: float, seed: int) -> None:
    y = (np.arange(n) < share * n).astype(int)
    found = split(pd.DataFrame(index=range(n)), y, seed=seed)
    check_partition(found, n)
    for rows, wanted in ((found.train, 0.6), (found.validation, 0.2), (found.test, 0.2)):
        assert len(rows) == pytest.approx(wanted * n, abs=2)
        assert y[rows].mean() == pytest.approx(y.mean(), abs=2 / len(rows))


def test_the_seed_decides_who_is_where() -> None:
    frame, y = pd.DataFrame({"g": np.repeat(np.arange(50), 4)}), np.tile([0, 1], 100)
    for columns in ({}, {"group": "g"}):
        same = [split(frame, y, seed=4, **columns).test for _ in range(2)]
        assert np.array_equal(*same)
        assert not np.array_equal(same[0], split(frame, y, seed=5, **columns).test)


def test_dates_are_named_in_the_rule() -> None:
    days = pd.Series(pd.date_range("2013-01-01", periods=100, freq="D"))
    found = split(pd.DataFrame({"day": days}), np.zeros(100), "regression", time="day")
    assert found.rule == "by time (day): learned up to 2013-03-01, chosen up to 2013-03-21, judged up to 2013-04-10"


@pytest.mark.parametrize(
    ("frame", "y", "columns"),
    [
        (pd.DataFrame({"day": [1] * 50}), [0, 1] * 25, {"time": "day"}),
        (pd.DataFrame({"g": [1, 2] * 25}), [0, 1] * 25, {"group": "g"}),
        (pd.DataFrame(index=range(50)), [0] * 48 + [1] * 2, {}),
    ],
)
def test_rows_that_cannot_be_parted_are_refused(frame: pd.DataFrame, y: list[int], columns: dict[str, str]) -> None:
    with pytest.raises(InvalidValue, match="rows"):
        split(frame, y, **columns)
