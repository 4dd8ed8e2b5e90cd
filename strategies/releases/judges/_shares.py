"""Signals that are shares of requests, as two arms' counts."""

from typing import NamedTuple

from strategies.releases.evidence import Arms, Evidence
from strategies.releases.evidence.digest import beyond
from strategies.releases.judges.contract import Signal


class TwoShares(NamedTuple):
    """Bad ones among n in each arm."""

    old_bad: int
    old_n: int
    new_bad: int
    new_n: int

    @property
    def old(self) -> float:
        return self.old_bad / self.old_n if self.old_n else float("nan")

    @property
    def new(self) -> float:
        return self.new_bad / self.new_n if self.new_n else float("nan")

    @property
    def n(self) -> int:
        return min(self.old_n, self.new_n)


def shares_of(signal: Signal, seen: Evidence, slow_s: float) -> TwoShares:
    """A signal's two shares over the whole release; latency is the share of answers slower than `slow_s`."""
    arms: Arms = seen.total
    old, new = arms.old, arms.new
    if signal is Signal.ERRORS:
        return TwoShares(old.errors, old.requests, new.errors, new.requests)
    if signal is Signal.LATENCY:
        answered = int(old.latency.sum()), int(new.latency.sum())
        return TwoShares(beyond(old.latency, slow_s), answered[0], beyond(new.latency, slow_s), answered[1])
    if signal is Signal.QUALITY:
        if arms.pairs.labelled:  # both answered the same requests: those that only one got wrong tell them apart
            pairs = arms.pairs
            return TwoShares(pairs.only_old_wrong, pairs.labelled, pairs.only_new_wrong, pairs.labelled)
        return TwoShares(old.wrong, old.labelled, new.wrong, new.labelled)
    raise AssertionError(signal)


def two_proportion_z(shares: TwoShares) -> float:
    """z of new against old with pooled variance; 0 while it has none."""
    if not shares.n:
        return 0.0
    pooled = (shares.old_bad + shares.new_bad) / (shares.old_n + shares.new_n)
    variance = pooled * (1 - pooled) * (1 / shares.old_n + 1 / shares.new_n)
    return (shares.new - shares.old) / variance**0.5 if variance > 0 else 0.0
