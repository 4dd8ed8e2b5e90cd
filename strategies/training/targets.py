"""The target column as the numbers that an algorithm learns."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.datasets.contract import Dataset, Target
from data.errors import InvalidValue


def find_target(dataset: Dataset, column: str) -> Target:
    """The dataset's target of that name; an empty one takes its first."""
    for target in dataset.targets:
        if column in ("", target.column):
            return target
    names = ", ".join(target.column for target in dataset.targets)
    raise InvalidValue("target", column, "is not a target of this dataset", f"choose one of {names}")


def target_values(column: pd.Series, target: Target) -> NDArray[Any]:
    """Class codes from 0 (rows,), or values as float64 (rows,).

    A class column holds codes, booleans or the classes' names. Raises `InvalidValue` for a missing or unknown value.
    """
    if column.isna().any():
        missing = int(column.isna().sum())
        raise InvalidValue(target.column, f"{missing:,} missing", "must be known in every row", "leave those rows out")
    if target.task == "regression":
        return column.to_numpy(dtype=np.float64)
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_integer_dtype(column):
        codes = column.to_numpy(dtype=np.intp)
    else:
        names = pd.Index(target.classes)
        codes = names.get_indexer(pd.Index(column.astype(str)))
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(target.classes):
        wrong = column[(codes < 0) | (codes >= len(target.classes))].tolist()[0]
        raise InvalidValue(target.column, wrong, "is not a class", f"use one of {', '.join(target.classes)}")
    return codes


def check_learnable(y: NDArray[Any], target: Target) -> None:
    """Raise `InvalidValue` when the rows to learn from do not show every class."""
    if target.task == "regression":
        return
    absent = sorted(set(range(len(target.classes))) - set(np.unique(y).tolist()))
    if absent:
        names = ", ".join(target.classes[code] for code in absent)
        rule = "occur in no row to learn from"
        raise InvalidValue(f"classes of {target.column}", names, rule, "use more rows, or leave those classes out")
