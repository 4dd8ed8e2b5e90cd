"""What each column holds: how much is missing, how it is spread."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
MOST_BINS = 40
MOST_NAMES = 20
_TAIL = 0.005  # share of the values on either side that a histogram leaves to its ends, so that its middle can be seen


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts on intervals that follow one another, and of what lies outside."""

    edges: tuple[float, ...]
    """Ends of the intervals; each holds its left end, the last both. (bins + 1,)"""
    counts: tuple[int, ...]
    """(bins,)"""
    below: int
    above: int


@dataclass(frozen=True, slots=True)
class NumberSummary:
    """A column of numbers."""

    name: str
    rows: int
    missing: int
    distinct: int
    mean: float
    sd: float
    """Standard deviation of the sample."""
    quantiles: tuple[tuple[float, float], ...]
    """(q, the value that a share q of the known values does not exceed), for `QUANTILES`."""
    histogram: Histogram

    @property
    def missing_share(self) -> float:
        return self.missing / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class CategorySummary:
    """A column of names."""

    name: str
    rows: int
    missing: int
    distinct: int
    counts: tuple[tuple[str, int], ...]
    """The most frequent names and how often each occurs, most frequent first; `MOST_NAMES` of them at most."""
    others: int
    """Rows that hold any other name."""

    @property
    def missing_share(self) -> float:
        return self.missing / self.rows if self.rows else 0.0


def summarise(frame: pd.DataFrame, columns: Iterable[str]) -> tuple[NumberSummary | CategorySummary, ...]:
    """A summary of each column; truth values count as names, and so does anything else that is no number."""
    return tuple(_number(frame[name]) if is_number(frame[name]) else _category(frame[name]) for name in columns)


def is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def known_values(column: pd.Series) -> NDArray[np.float64]:
    """The numbers of a column that are not missing."""
    values: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return values[~np.isnan(values)]


def _number(column: pd.Series) -> NumberSummary:
    known = np.sort(known_values(column))
    n = len(known)
    quantiles = np.quantile(known, QUANTILES) if n else np.full(len(QUANTILES), np.nan)
    return NumberSummary(
        name=str(column.name),
        rows=len(column),
        missing=len(column) - n,
        distinct=1 + int((np.diff(known) > 0).sum()) if n else 0,
        mean=float(known.mean()) if n else float("nan"),
        sd=float(known.std(ddof=1)) if n > 1 else float("nan"),
        quantiles=tuple(zip(QUANTILES, quantiles.tolist(), strict=True)),
        histogram=_histogram(known),
    )


def _histogram(ordered: NDArray[np.float64]) -> Histogram:
    """Bins by Freedman and Diaconis (1981): 2 · interquartile range / ∛n wide, but 10 to `MOST_BINS` of them."""
    if not len(ordered):
        return Histogram((), (), 0, 0)
    low, quarter, three, high = np.quantile(ordered, [_TAIL, 0.25, 0.75, 1 - _TAIL])
    distinct = np.unique(ordered)
    if len(distinct) <= MOST_BINS and (distinct % 1 == 0).all() and np.ptp(distinct) < MOST_BINS:
        edges = np.arange(distinct[0] - 0.5, distinct[-1] + 1)  # a bin for each whole number
    elif high <= low:
        edges = np.array([ordered[0], max(ordered[-1], np.nextafter(ordered[0], np.inf))])
    else:
        width = 2 * (three - quarter) / np.cbrt(len(ordered))
        bins = MOST_BINS if width <= 0 else int(np.clip(np.ceil((high - low) / width), 10, MOST_BINS))
        edges = np.linspace(low, high, bins + 1)
    counts = np.histogram(ordered, edges)[0]
    below, above = int((ordered < edges[0]).sum()), int((ordered > edges[-1]).sum())
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), below, above)


def _category(column: pd.Series) -> CategorySummary:
    counts = column.value_counts()
    counts = counts[counts > 0]
    top = counts.head(MOST_NAMES)
    return CategorySummary(
        name=str(column.name),
        rows=len(column),
        missing=int(column.isna().sum()),
        distinct=len(counts),
        counts=tuple((str(name), int(count)) for name, count in top.items()),
        others=int(counts.sum() - top.sum()),
    )
