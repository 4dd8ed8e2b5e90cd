"""From a file's columns to a dataset: the target and its task, the features, and the rows that can be used."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.datasets.contract import Target, Task
from data.errors import InvalidFile, InvalidValue
from data.schema import Feature, Schema
from data.uploads.reading import MAX_CATEGORIES, ColumnFacts, UploadedTable

MAX_CLASSES = 100
MAX_NUMBER_CLASSES = 20
MIN_ROWS = 20
MIN_CLASS_ROWS = 5
TASK_RULE = (
    f"Two different values: binary. Names, 3 to {MAX_CLASSES} of them: multiclass. Whole numbers with at most "
    f"{MAX_NUMBER_CLASSES} different values and no more than the square root of the number of rows: multiclass. Any "
    "other numbers: regression."
)


@dataclass(frozen=True)
class Choice:
    """What to learn from a table."""

    target: str
    features: tuple[str, ...] = ()
    """Columns to learn from; empty takes all that can be."""
    task: Task | None = None
    """None infers it from the target's values."""
    positive: str = ""
    """The class of a binary target that counts as yes; empty takes the last by the alphabet, or the larger number."""
    time_column: str | None = None
    group_column: str | None = None
    unit: str = ""
    """Unit of a regression target."""
    drop_malformed: bool = False
    """Whether to leave out lines that are malformed in a column used here; otherwise they are refused."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The rows to learn from, and what they hold."""

    rows: pd.DataFrame
    schema: Schema
    target: Target
    malformed: int
    """Rows left out as malformed."""
    incomplete: int
    """Rows left out for want of target, time or group."""


def infer_task(column: ColumnFacts, rows: int) -> Task:
    """The task that a target's values suggest: see `TASK_RULE`."""
    if column.distinct == 2:
        return "binary"
    if column.kind == "number":
        few = column.whole and column.distinct <= min(MAX_NUMBER_CLASSES, math.isqrt(rows))
        return "multiclass" if few else "regression"
    return "multiclass"


def usable_features(table: UploadedTable, target: str) -> tuple[str, ...]:
    """Columns that a model can learn from: numbers and categories that differ between rows."""
    return tuple(
        c.name for c in table.columns if c.name != target and c.kind in ("number", "category") and c.distinct > 1
    )


def choose(table: UploadedTable, choice: Choice) -> Chosen:
    """The rows and their schema.

    Raises `InvalidValue` for a choice that the table does not allow, and `InvalidFile`, with each line and column, for
    malformed rows that are not to be left out.
    """
    taken = [name for name in (choice.time_column, choice.group_column) if name]
    features = choice.features or tuple(n for n in usable_features(table, choice.target) if n not in taken)
    _check_columns(table, choice, features)
    used = tuple(dict.fromkeys([*features, choice.target, *taken]))
    keep, malformed, incomplete = _usable_rows(table, choice, used)
    if keep.sum() < MIN_ROWS:
        raise InvalidValue("rows", int(keep.sum()), f"must be {MIN_ROWS} at least", "give a file with more whole rows")
    task = choice.task or infer_task(table.column(choice.target), int(keep.sum()))
    target, values = _target(table, choice, task, keep)
    schema = Schema(tuple(_feature(table, name, keep) for name in features))
    columns = {name: _values(table, name, keep) for name in (*taken, *features)}
    rows = pd.DataFrame({**columns, choice.target: values})
    if choice.time_column:
        rows = rows.sort_values(choice.time_column, kind="stable", ignore_index=True)
    return Chosen(rows, schema, target, malformed, incomplete)


def _check_columns(table: UploadedTable, choice: Choice, features: Sequence[str]) -> None:
    for name in (choice.target, *features):
        if table.column(name).kind not in ("number", "category"):
            rule = f"is a column of kind {table.column(name).kind}, and must hold numbers or categories"
            raise InvalidValue("column", name, rule, "choose another column, or say what it holds")
    if not features:
        raise InvalidValue("features", features, "must not be empty", "choose a column to learn from")
    double = [name for name in {choice.target, choice.time_column, choice.group_column} if name in features]
    if double or len(set(features)) < len(features):
        rule = "must be named once, and be none of target, time and group"
        raise InvalidValue("features", double or features, rule, "choose other features")
    if choice.target in (choice.time_column, choice.group_column):
        raise InvalidValue("target", choice.target, "must not be the time or group too", "choose another column")
    if choice.time_column and table.column(choice.time_column).kind not in ("time", "number"):
        raise InvalidValue(
            "time_column", choice.time_column, "holds neither times nor numbers", "choose another column"
        )


def _usable_rows(table: UploadedTable, choice: Choice, used: tuple[str, ...]) -> tuple[NDArray[np.bool_], int, int]:
    """Which rows can be used, how many were malformed, and how many lack target, time or group."""
    problems, total = table.problems(used)
    if total and not choice.drop_malformed:
        raise InvalidFile(table.file, problems, "correct these lines, or have them left out", total)
    bad = np.zeros(len(table), bool)
    missing = np.zeros(len(table), bool)
    for name in used:
        needed = name in (choice.target, choice.time_column, choice.group_column)
        if table.column(name).kind in ("number", "time"):
            parsed = table.parsed(name)
            bad |= parsed.bad
            missing |= parsed.missing & needed
        elif needed:
            missing |= table.named(name).isna().to_numpy()
    keep = ~bad & ~missing
    return keep, int(bad.sum()) + table.shape_problem_count, int((missing & ~bad).sum())


def _values(table: UploadedTable, name: str, keep: NDArray[np.bool_]) -> pd.Series:
    kind = table.column(name).kind
    if kind in ("number", "time"):
        return pd.Series(table.parsed(name).values[keep])
    values = table.named(name)[keep].reset_index(drop=True)
    return values.astype("category") if kind == "category" else values


def _feature(table: UploadedTable, name: str, keep: NDArray[np.bool_]) -> Feature:
    values = _values(table, name, keep)
    nullable = bool(values.isna().any())
    about = f"Column {name} of {table.file}"
    if table.column(name).kind == "number":
        return Feature(name, nullable=nullable, description=about)
    found = tuple(sorted(str(value) for value in values.dropna().unique()))
    if not 1 <= len(found) <= MAX_CATEGORIES:
        rule = f"has {len(found):,} different names, and must have 1 to {MAX_CATEGORIES:,}"
        raise InvalidValue("feature", name, rule, "leave it out, or group its names")
    return Feature(name, "category", found, nullable=nullable, description=about)


def _target(table: UploadedTable, choice: Choice, task: Task, keep: NDArray[np.bool_]) -> tuple[Target, pd.Series]:
    about = f"Column {choice.target} of {table.file}"
    values = _values(table, choice.target, keep)
    if task == "regression":
        if table.column(choice.target).kind != "number":
            raise InvalidValue("task", task, f"needs numbers, and {choice.target} holds names", "choose another task")
        if values.nunique() < 2:
            raise InvalidValue("target", choice.target, "is the same in every row", "choose another column")
        return Target(choice.target, task, about, unit=choice.unit), values
    known = sorted(values.unique())
    classes = [f"{value:g}" if table.column(choice.target).kind == "number" else str(value) for value in known]
    _check_classes(choice.target, task, classes, values)
    if task == "binary":
        positive = choice.positive or classes[1]
        if positive not in classes:
            raise InvalidValue("positive", positive, "is not a class", f"choose one of {', '.join(classes)}")
        if positive == classes[0]:
            classes.reverse()
            known.reverse()
    index = values.map({value: place for place, value in enumerate(known)}).astype("int64")
    return Target(choice.target, task, about, classes=tuple(classes)), index


def _check_classes(target: str, task: Task, classes: Sequence[str], values: pd.Series) -> None:
    most = 2 if task == "binary" else MAX_CLASSES
    least = 2 if task == "binary" else 3
    if not least <= len(classes) <= most:
        rule = f"has {len(classes):,} different values, and a {task} target must have {least}"
        rule += f" to {most}" if most > least else ""
        raise InvalidValue("target", target, rule, "choose another target or task")
    sizes = values.value_counts()
    if sizes.min() < MIN_CLASS_ROWS:
        rule = f"has a class, {sizes.idxmin()}, with {sizes.min()} rows, and each must have {MIN_CLASS_ROWS} at least"
        raise InvalidValue("target", target, rule, "leave those rows out, or join classes")
