"""How columns go together: Pearson's r, Cramér's V and the correlation ratio."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.explore.summaries import is_number

MOST_COLUMNS = 64
"""Columns of each kind that are compared with one another; further ones are left out."""
BUDGET = 1_000_000_000
"""Rows times pairs of columns that may be looked at; beyond it, a random sample of the rows is."""
LEAST_ROWS = 2_000


@dataclass(frozen=True, eq=False)
class Relations:
    """Strength of the relation between columns, from 0 (none) to 1, or from -1 for Pearson's r; NaN where undefined."""

    pearson: pd.DataFrame
    """Of numbers: the linear correlation r."""
    cramers_v: pd.DataFrame
    """Of categories: Cramér's V."""
    with_target: pd.DataFrame
    """Columns feature, measure and value, strongest first: r, V, or the correlation ratio η of number and category."""
    rows: int
    """Rows that were looked at."""
    left_out: tuple[str, ...]
    """Columns that were too many to compare."""


def find_relations(frame: pd.DataFrame, features: Sequence[str], target: str, *, is_class: bool) -> Relations:
    """Relations among features, and of each with the target.

    `is_class` tells a target of classes (whose column holds their indices) from a number.
    """
    numbers = [name for name in features if is_number(frame[name])]
    categories = [name for name in features if name not in numbers]
    left_out = (*numbers[MOST_COLUMNS:], *categories[MOST_COLUMNS:])
    numbers, categories = numbers[:MOST_COLUMNS], categories[:MOST_COLUMNS]
    sample = _sample(frame[[*numbers, *categories, target]])
    codes = {name: _codes(sample[name]) for name in categories}
    pearson = sample[numbers].astype(np.float64).corr()
    against = [_with_target(sample, name, codes, target, is_class) for name in (*numbers, *categories)]
    ranked = pd.DataFrame(against, columns=["feature", "measure", "value"])
    ranked = ranked.sort_values("value", key=np.abs, ascending=False, ignore_index=True, na_position="last")
    return Relations(pearson, _all_v(codes), ranked, len(sample), left_out)


def cramers_v(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Cramér's V = √(χ² / (n·(min(r, c) - 1))) of two columns of codes from 0; -1 is missing, and left out.

    χ² is Pearson's statistic of the r × c table of counts. 0 where the two are independent in the sample, 1 where one
    determines the other. It lies above 0 by chance, the more the larger the table and the fewer the rows.
    Source: H. Cramér (1946), Mathematical Methods of Statistics, section 21.9.
    """
    known = (one >= 0) & (other >= 0)
    one, other = np.unique(one[known], return_inverse=True)[1], np.unique(other[known], return_inverse=True)[1]
    if not len(one):
        return float("nan")
    shape = int(one.max()) + 1, int(other.max()) + 1
    if min(shape) < 2:
        return float("nan")
    table = np.bincount(one * shape[1] + other, minlength=shape[0] * shape[1]).reshape(shape)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / len(one)
    chi_squared = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(chi_squared / (len(one) * (min(shape) - 1))))


def correlation_ratio(codes: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """η: the root of the share of a number's variance that lies between the categories.

    Source: K. Pearson (1905), On the general theory of skew correlation and non-linear regression.
    """
    known = (codes >= 0) & ~np.isnan(values)
    codes, values = codes[known], values[known]
    if not len(values):
        return float("nan")
    total = float(((values - values.mean()) ** 2).sum())
    if total == 0:
        return float("nan")
    sizes, sums = np.bincount(codes), np.bincount(codes, values)
    means = sums[sizes > 0] / sizes[sizes > 0]
    return float(np.sqrt((sizes[sizes > 0] * (means - values.mean()) ** 2).sum() / total))


def pearson_r(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's linear correlation over the rows that have both numbers; NaN where either does not vary."""
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < 2:
        return float("nan")
    a, b = one[known] - one[known].mean(), other[known] - other[known].mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else float("nan")


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    rows = max(LEAST_ROWS, BUDGET // max(frame.shape[1] ** 2, 1))
    return frame if len(frame) <= rows else frame.sample(rows, random_state=0)


def _codes(column: pd.Series) -> NDArray[np.int64]:
    return pd.factorize(column)[0].astype(np.int64)


def _all_v(codes: dict[str, NDArray[np.int64]]) -> pd.DataFrame:
    names = list(codes)
    table = np.eye(len(names))
    for i, one in enumerate(names):
        for j in range(i):
            table[i, j] = table[j, i] = cramers_v(codes[one], codes[names[j]])
    return pd.DataFrame(table, index=names, columns=names)


def _with_target(
    sample: pd.DataFrame, name: str, codes: dict[str, NDArray[np.int64]], target: str, is_class: bool
) -> tuple[str, str, float]:
    values = sample[target]
    if name in codes:
        if is_class:
            return name, "Cramér's V", cramers_v(codes[name], _codes(values))
        return name, "correlation ratio η", correlation_ratio(codes[name], values.to_numpy(np.float64))
    number = sample[name].to_numpy(dtype=np.float64, na_value=np.nan)
    if is_class and values.nunique() > 2:
        return name, "correlation ratio η", correlation_ratio(_codes(values), number)
    return name, "Pearson's r", pearson_r(number, values.to_numpy(dtype=np.float64, na_value=np.nan))
