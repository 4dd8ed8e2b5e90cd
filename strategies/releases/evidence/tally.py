"""Tallies: what one version did in one span of time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from strategies.releases.evidence.digest import BUCKETS

ANSWER_BINS = 10
"""Bins of the answers: their edges are the deciles of the old version's answers, or the classes."""

Counts = NDArray[np.int64]


def _no_latencies() -> Counts:
    return np.zeros(BUCKETS, np.int64)


def _no_answers() -> Counts:
    return np.zeros(ANSWER_BINS, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What one version did. Mirrored copies never count here for the old version, as no second answer was made."""

    requests: int = 0
    """Requests that ended, however."""
    errors: int = 0
    """Of them, those that failed or timed out, or that the version died of."""
    latency: Counts = field(default_factory=_no_latencies)
    """Latencies of those that ended well. (BUCKETS,)"""
    answers: Counts = field(default_factory=_no_answers)
    """Headline answers by bin. (ANSWER_BINS,)"""
    labelled: int = 0
    """Requests whose true answer has become known."""
    wrong: int = 0
    """Of them, those answered otherwise."""

    @property
    def error_share(self) -> float:
        return self.errors / self.requests if self.requests else float("nan")

    def plus(self, other: "Tally") -> "Tally":
        return Tally(
            self.requests + other.requests, self.errors + other.errors, self.latency + other.latency,
            self.answers + other.answers, self.labelled + other.labelled, self.wrong + other.wrong,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pairs:
    """Requests that both versions answered, because they were mirrored."""

    compared: int = 0
    disagreed: int = 0
    """Those on which the versions' answers differ."""
    labelled: int = 0
    """Those whose true answer has become known."""
    only_new_wrong: int = 0
    only_old_wrong: int = 0

    def plus(self, other: "Pairs") -> "Pairs":
        if not other.compared and not other.labelled:
            return self
        return Pairs(
            self.compared + other.compared, self.disagreed + other.disagreed, self.labelled + other.labelled,
            self.only_new_wrong + other.only_new_wrong, self.only_old_wrong + other.only_old_wrong,
        )  # fmt: skip


NOTHING = Tally()


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """What is compared, over one span of time."""

    old: Tally = NOTHING
    """The baseline: the old version's part of the comparison. In a canary a random share of the requests, as large as
    the new version's, at the same time; in a shadow all mirrored requests; else what was served before the switch."""
    new: Tally = NOTHING
    """The new version's part: as many requests as the baseline has where both serve at the same time."""
    pairs: Pairs = Pairs()

    def plus(self, other: "Arms") -> "Arms":
        return Arms(self.old.plus(other.old), self.new.plus(other.new), self.pairs.plus(other.pairs))


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a policy decides from."""

    window: Arms
    """Since the decision before this one."""
    total: Arms
    """Since the release began."""
    concurrent: bool = True
    """Whether the two arms were served at the same time, the requests assigned at random in equal parts."""
    ready: bool = True
    """Whether the new version takes requests."""
