"""What the router counts, request by request, and hands to the policy window by window."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from strategies.releases.evidence import ANSWER_BINS, BUCKETS, Arms, Evidence, Pairs, Tally, bucket_of
from strategies.releases.evidence.ledger import Ledger
from strategies.releases.router.answers import Reader, Said

T = TypeVar("T")
_REMEMBERED = 200_000
"""Answers that wait for their label at most; the oldest are forgotten first."""


@dataclass(slots=True)
class Arm:
    """One version's counts in the window that runs."""

    requests: int = 0
    errors: int = 0
    labelled: int = 0
    wrong: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    answers: list[int] = field(default_factory=lambda: [0] * ANSWER_BINS)

    def ended(self, took_s: float, said: Said | None) -> None:
        """A request ended; without an answer it failed."""
        self.requests += 1
        if said is None:
            self.errors += 1
            return
        self.latency[bucket_of(took_s)] += 1
        if said.bin >= 0:
            self.answers[said.bin] += 1

    def tally(self) -> Tally:
        return Tally(
            self.requests, self.errors, np.array(self.latency), np.array(self.answers), self.labelled, self.wrong
        )


@dataclass(slots=True)
class Side:
    """Both versions' counts, in one way of serving: at the same time, or one after the other."""

    old: Arm = field(default_factory=Arm)
    new: Arm = field(default_factory=Arm)
    pairs: list[int] = field(default_factory=lambda: [0] * 5)
    """compared, disagreed, labelled, only the new one wrong, only the old one wrong."""

    def arms(self) -> Arms:
        return Arms(self.old.tally(), self.new.tally(), Pairs(*self.pairs))


class Accounts:
    """The window that runs, what came before, and answers whose truth is not known yet."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.apart, self.together = Side(), Side()
        self.total = {"old": 0, "new": 0, "old_failed": 0, "new_failed": 0, "mirrored": 0, "skipped": 0, "rescued": 0}
        """Over all requests, counted in the comparison or not. rescued: answered by the old version after the new one
        died of them. skipped: copies not sent because too many were under way."""
        self._ledger = Ledger()
        self._answers: OrderedDict[str, tuple[str, bool, Said, Said | None]] = OrderedDict()
        self._early: OrderedDict[str, str | float] = OrderedDict()
        """Labels that came before their answers: were they lost, the slower version would have fewer."""

    def side(self, together: bool) -> Side:
        """The counts that run for one way of serving."""
        return self.together if together else self.apart

    def close_window(self, *, compared: bool, ready: bool) -> Evidence:
        """The evidence with the window that ends now. Labels count in the window in which they come."""
        apart, together = self.apart, self.together
        self.apart, self.together = Side(), Side()
        return self._ledger.add(apart.arms(), together.arms(), compared=compared, ready=ready)

    def compare(self, request_id: str, old: Said, new: Said) -> None:
        """Both versions answered the same request."""
        pairs = self.together.pairs
        pairs[0] += 1
        pairs[1] += not self.reader.same(old.label, new.label)
        if request_id:
            self._remember(request_id, "pair", True, old, new)

    def answered(self, request_id: str, side: str, together: bool, said: Said) -> None:
        """An answer was served; `side` is "old" or "new", which counts once its label comes."""
        if request_id and request_id not in self._answers:
            self._remember(request_id, side, together, said, None)

    def label(self, labels: Iterable[tuple[str, str | float]]) -> int:
        """True answers by request; how many of them were waited for."""
        known = 0
        for request_id, truth in labels:
            found = self._answers.pop(request_id, None)
            if found is None:
                _keep(self._early, request_id, truth)
                continue
            known += 1
            self._count(*found, truth)
        return known

    def _count(self, side: str, together: bool, first: Said, second: Said | None, truth: str | float) -> None:
        """Count a label in the window that runs now."""
        wrong = not self.reader.same(first.label, truth)
        where = self.side(together)
        if second is None:
            arm = where.new if side == "new" else where.old
            arm.labelled += 1
            arm.wrong += wrong
            return
        also = not self.reader.same(second.label, truth)
        where.pairs[2] += 1
        where.pairs[3] += also and not wrong
        where.pairs[4] += wrong and not also

    def _remember(self, request_id: str, side: str, together: bool, first: Said, second: Said | None) -> None:
        if request_id in self._early:
            self._count(side, together, first, second, self._early.pop(request_id))
        else:
            _keep(self._answers, request_id, (side, together, first, second))


def _keep(waiting: OrderedDict[str, T], request_id: str, what: T) -> None:
    """Remember it, and forget the oldest where there are too many."""
    waiting[request_id] = what
    if len(waiting) > _REMEMBERED:
        waiting.popitem(last=False)
