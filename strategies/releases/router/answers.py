"""What an answer says, as far as two versions can be compared by it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from strategies.releases.evidence import ANSWER_BINS


class Said(NamedTuple):
    """One answer."""

    label: str | float
    """The class, or the value."""
    bin: int
    """Bin of the headline answer; -1 where there is none."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads answers of Drydock's own protocol; whatever else comes is compared as text."""

    edges: tuple[float, ...] = ()
    """Edges of the answers' bins; without them a class's number is its bin."""
    tolerance: float = field(default=1e-3)
    """Values that differ by less, relative to the larger, are the same answer."""

    def read(self, body: bytes) -> Said:
        try:
            found: dict[str, Any] = orjson.loads(body)["prediction"]
            if "value" in found:
                return Said(float(found["value"]), self.bin_of(float(found["value"])))
            shares = found["probabilities"]
            headline = shares[-1] if len(shares) == 2 else float(shares.index(max(shares)))
            return Said(str(found["label"]), self.bin_of(headline))
        except (KeyError, TypeError, ValueError):
            return Said(body.decode("latin-1"), -1)

    def same(self, one: str | float, other: str | float) -> bool:
        """Whether two answers, or an answer and the truth, are the same."""
        if isinstance(one, float) and isinstance(other, int | float):
            return abs(one - other) <= self.tolerance * max(abs(one), abs(other), 1e-12)
        return one == other

    def bin_of(self, headline: float) -> int:
        """The bin that a headline answer falls into."""
        found = bisect_right(self.edges, headline) if self.edges else int(headline)
        return min(max(found, 0), ANSWER_BINS - 1)


def decile_edges(answers: Sequence[float]) -> tuple[float, ...]:
    """Edges that part the old version's answers into bins of about equal size. (ANSWER_BINS - 1,)"""
    ordered = sorted(answers)
    return tuple(ordered[len(ordered) * i // ANSWER_BINS] for i in range(1, ANSWER_BINS)) if ordered else ()
