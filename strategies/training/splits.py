"""Parting rows into those to learn from, those to choose on and those to judge by."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.datasets.contract import Dataset, Task
from data.errors import InvalidValue

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of the three parts; together they are all rows, each once."""

    train: Rows
    validation: Rows
    test: Rows
    rule: str
    """How the rows were parted, for the reader of the metrics."""


def split_rows(
    dataset: Dataset, frame: pd.DataFrame, y: NDArray[np.generic], task: Task, shares: tuple[float, float], seed: int
) -> Split:
    """Split as the dataset demands: by time, else by group, else at random with the classes in proportion.

    Parameters
    ----------
    y
        Target per row (rows,), for keeping the classes in proportion.
    shares
        Share of rows for validation and for test.

    Raises `InvalidValue` when a part would be empty.
    """
    if dataset.time_column is not None:
        split = _by_time(frame[dataset.time_column], dataset.time_column, shares)
    elif dataset.group_column is not None:
        split = _by_group(frame[dataset.group_column].to_numpy(), dataset.group_column, shares, seed)
    else:
        split = _at_random(y, task, shares, seed)
    if min(len(split.train), len(split.validation), len(split.test)) == 0:
        rule = f"leave a part without rows when parted {split.rule}"
        raise InvalidValue("rows", f"{len(frame):,} rows", rule, "use more rows, or other shares")
    return split


def _by_time(times: pd.Series, column: str, shares: tuple[float, float]) -> Split:
    """The past to learn from, what came later to judge by; equal times stay together."""
    values = times.to_numpy()
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    ends = [round(len(ordered) * share) for share in (1 - sum(shares), 1 - shares[1])]
    cuts = [int(np.searchsorted(ordered, ordered[end], side="left")) for end in ends]
    train, validation, test = np.split(order, cuts)
    rule = f"by time ({column}): learned up to {_last(values, train)}, chosen up to {_last(values, validation)}"
    return Split(train, validation, test, f"{rule}, judged up to {_last(values, test)}")


def _last(values: NDArray[np.generic], rows: Rows) -> str:
    if not len(rows):
        return "never"
    last = values[rows[-1]]
    return str(pd.Timestamp(last).date()) if np.issubdtype(values.dtype, np.datetime64) else str(last)


def _by_group(groups: NDArray[np.generic], column: str, shares: tuple[float, float], seed: int) -> Split:
    """All rows of a group on one side, so that what was learned of it cannot be tested on it."""
    names, group_of = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    ends = [round(len(names) * share) for share in (1 - sum(shares), 1 - shares[1])]
    part_of = np.empty(len(names), dtype=np.intp)
    for part, members in enumerate(np.split(order, ends)):
        part_of[members] = part
    train, validation, test = (np.flatnonzero(part_of[group_of] == part) for part in range(3))
    return Split(train, validation, test, f"by group ({column}): no {column} is in two parts")


def _at_random(y: NDArray[np.generic], task: Task, shares: tuple[float, float], seed: int) -> Split:
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(y))
    by_class = y if task != "regression" else None
    if by_class is not None and np.unique(y, return_counts=True)[1].min() < 3:
        rule = "hold a class with fewer than 3 rows"
        raise InvalidValue("rows", f"{len(y):,} rows", rule, "gather more rows of it, or leave that class out")
    try:
        rest, test = train_test_split(rows, test_size=shares[1], stratify=by_class, random_state=seed)
        train, validation = train_test_split(
            rest,
            test_size=shares[0] / (1 - shares[1]),
            stratify=None if by_class is None else by_class[rest],
            random_state=seed,
        )
    except ValueError as error:  # too few rows for a part to hold each class once
        rule = f"cannot be parted with the classes in proportion ({error})"
        raise InvalidValue("rows", f"{len(y):,} rows", rule, "use more rows, or larger shares") from None
    how = "at random" if by_class is None else "at random, the classes in proportion"
    return Split(np.sort(train), np.sort(validation), np.sort(test), how)
