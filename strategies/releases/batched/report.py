"""Where two versions disagree over the same rows: how often, from what to what, and among which rows."""

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.estimate import Estimate
from data.estimates.shares import share
from data.schema import Schema

_SHOWN = 12
_BINS = 4
_LEAST_ROWS = 20
Labels = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that have something in common."""

    feature: str
    values: str
    """A category, or a range of numbers."""
    rows: int
    disagreed: int

    @property
    def share(self) -> float:
        return self.disagreed / self.rows


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What a parallel run found."""

    compared: int
    disagreed: Estimate
    """Share of the compared rows."""
    moves: tuple[tuple[str, str, int], ...]
    """Old answer, new answer, and how many rows moved so; the most frequent first. Empty for a regression."""
    largest: float
    """Largest difference of a regression's answers; 0 for classes."""
    segments: tuple[Segment, ...]
    """Rows among which it disagrees most, compared with all rows; the most telling first."""
    examples: tuple[tuple[int, str, str], ...]
    """Number of the row in the input from 1, old and new answer."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def disagreement(
    numbers: NDArray[np.int64],
    old: Labels,
    new: Labels,
    differs: NDArray[np.bool_],
    x: NDArray[np.float32],
    schema: Schema,
) -> Disagreement:
    """The report on rows that both versions answered.

    Parameters
    ----------
    numbers
        What each row is called. (n,)
    old, new
        Each version's answer. (n,)
    differs
        Whether the two are not the same answer. (n,)
    x
        The rows as the model reads them. (n, features)
    """
    at = np.flatnonzero(differs)
    values = old.dtype.kind == "f"
    moves = Counter(zip(old[at].tolist(), new[at].tolist(), strict=True)).most_common(_SHOWN)
    return Disagreement(
        compared=len(old),
        disagreed=share(len(at), len(old)),
        moves=() if values else tuple((str(a), str(b), n) for (a, b), n in moves),
        largest=float(np.abs(old - new).max()) if values else 0.0,
        segments=_segments(x, differs, schema),
        examples=tuple((int(numbers[i]), str(old[i]), str(new[i])) for i in at[:_SHOWN]),
    )


def _segments(x: NDArray[np.float32], differs: NDArray[np.bool_], schema: Schema) -> tuple[Segment, ...]:
    """Where the share of disagreement lies furthest above that of all rows, in standard errors."""
    usual = float(differs.mean())
    if usual in (0.0, 1.0):
        return ()
    found: list[tuple[float, Segment]] = []
    for place, feature in enumerate(schema.features):
        for name, mine in _parts(x[:, place], feature.categories):
            n = int(mine.sum())
            if n >= _LEAST_ROWS:
                z = (float(differs[mine].mean()) - usual) / np.sqrt(usual * (1 - usual) / n)
                found.append((float(z), Segment(feature.name, name, n, int(differs[mine].sum()))))
    best = sorted(found, key=lambda entry: -entry[0])[:5]
    return tuple(segment for z, segment in best if z > 2)


def _parts(column: NDArray[np.float32], categories: tuple[str, ...]) -> list[tuple[str, NDArray[np.bool_]]]:
    if categories:
        return [(name, column == code) for code, name in enumerate(categories)]
    known = column[~np.isnan(column)]
    if not len(known):
        return []
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    return [(f"{a:.3g} to {b:.3g}", (column >= a) & ((column < b) | (b == edges[-1]))) for a, b in pairwise(edges)]
