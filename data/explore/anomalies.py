"""What stands out: numbers far from the others, rows that are there twice, values that cannot be."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.explore.summaries import is_number, known_values

if TYPE_CHECKING:
    import pandera.pandas as pa

ROBUST_Z_LIMIT = 3.5
FENCE = 1.5
MOST_EXAMPLES = 10
MOST_IMPOSSIBLE = 100


@dataclass(frozen=True, slots=True)
class Outliers:
    """A column's numbers that lie far from the others, by two rules. Being far is no error: look before removing."""

    name: str
    by_robust_z: int
    """Values whose robust z-score exceeds `ROBUST_Z_LIMIT` in size."""
    by_fences: int
    """Values outside Tukey's fences, the quartiles minus and plus 1.5 interquartile ranges."""
    low_fence: float
    high_fence: float
    examples: tuple[tuple[int, float, float], ...]
    """(row, value, robust z-score) of those farthest out; the row is its position in the table."""


@dataclass(frozen=True, eq=False)
class Anomalies:
    """What stands out in a table."""

    outliers: tuple[Outliers, ...]
    """One for each column of numbers that has any, most outliers first."""
    duplicates: int
    """Rows that equal an earlier one in every column."""
    constant: tuple[str, ...]
    """Columns that hold the same value in every row, and so can teach nothing."""
    impossible: pd.DataFrame
    """Columns row, column, value and rule: the first values that break the dataset's contract, by index label."""
    impossible_rules: pd.DataFrame
    """Columns column, rule and count: how many break each rule, most first."""

    @property
    def impossible_count(self) -> int:
        return int(self.impossible_rules["count"].sum())


def find_anomalies(
    frame: pd.DataFrame, columns: Iterable[str], contract: "pa.DataFrameSchema | None" = None
) -> Anomalies:
    """What stands out in these columns, and in the rows as a whole.

    Columns of the contract that the table does not have are left out of the check.
    """
    columns = list(columns)
    found = [_outliers(frame[name]) for name in columns if is_number(frame[name])]
    with_any = [outliers for outliers in found if outliers.by_robust_z or outliers.by_fences]
    impossible = _impossible(frame, contract)
    return Anomalies(
        outliers=tuple(sorted(with_any, key=lambda outliers: -outliers.by_robust_z)),
        duplicates=int(frame.duplicated().sum()),
        constant=tuple(name for name in columns if frame[name].nunique(dropna=False) <= 1),
        impossible=impossible.head(MOST_IMPOSSIBLE),
        impossible_rules=impossible.value_counts(["column", "rule"]).reset_index(),
    )


def robust_z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each value lies from the median, in units of a spread that outliers hardly move. NaN where missing.

    z = 0.6745 (x - median) / MAD, with MAD the median distance from the median; 0.6745 makes it a z-score where the
    values are normal. Where more than half of the values are equal, MAD is 0, and the mean distance times 1.2533 takes
    the place of MAD / 0.6745. Source: B. Iglewicz and D. Hoaglin (1993), How to Detect and Handle Outliers.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(values), np.nan)
    middle = np.median(known)
    away = np.abs(known - middle)
    spread = np.median(away) / 0.6745 or away.mean() * 1.2533
    z: NDArray[np.float64] = (values - middle) / spread if spread > 0 else np.where(np.isnan(values), np.nan, 0.0)
    return z


def _outliers(column: pd.Series) -> Outliers:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = known_values(column)
    if column.nunique() <= 2:  # the rarer of two values is no outlier
        return Outliers(str(column.name), 0, 0, float("nan"), float("nan"), ())
    z = robust_z(values)
    size = np.nan_to_num(np.abs(z), nan=0.0)
    far = int((size > ROBUST_Z_LIMIT).sum())
    quarter, three = np.quantile(known, [0.25, 0.75])
    low, high = quarter - FENCE * (three - quarter), three + FENCE * (three - quarter)
    rows = np.argpartition(-size, min(MOST_EXAMPLES, len(size) - 1))[: min(far, MOST_EXAMPLES)]
    rows = rows[np.lexsort((rows, -size[rows]))]
    examples = tuple((int(row), float(values[row]), float(z[row])) for row in rows)
    return Outliers(
        str(column.name), far, int(((known < low) | (known > high)).sum()), float(low), float(high), examples
    )


def _impossible(frame: pd.DataFrame, contract: "pa.DataFrameSchema | None") -> pd.DataFrame:
    import pandera.errors
    import pandera.pandas as pa

    names = ["row", "column", "value", "rule"]
    if contract is None:
        return pd.DataFrame(columns=names)
    whole = set(contract.columns) <= set(frame.columns)
    columns = {name: column for name, column in contract.columns.items() if name in frame.columns}
    try:
        pa.DataFrameSchema(columns, checks=contract.checks if whole else None).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases.rename(columns={"index": "row", "failure_case": "value", "check": "rule"})
        found: pd.DataFrame = cases[names].sort_values("row", kind="stable", ignore_index=True)
        return found
    return pd.DataFrame(columns=names)
