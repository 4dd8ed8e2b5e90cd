"""Fixed limits on each interval, with Flagger's semantics: so many failed checks in all, and the release is off.

Each interval's new requests are checked against limits; a pass adds a step of weight (the policy does), a failed check
counts, and the `threshold`-th one rolls back (fluxcd/flagger, "how it works"). In one respect it differs: an interval
without traffic fails no check, it just adds nothing, so that silence is never taken for harm.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from data.errors import InvalidValue
from strategies.releases.evidence import Arms, Evidence, quantile_s
from strategies.releases.judges.contract import Finding, Judge, Judgement, Sense, Signal


@dataclass(slots=True)
class Thresholds(Judge):
    title: ClassVar[str] = "Fixed thresholds"
    summary: ClassVar[str] = "Each interval must keep fixed limits; too many failed checks, and the release is off."
    peeking: ClassVar[bool] = False

    min_success: float = 0.99
    """The least share of requests that must end well."""
    max_p99_s: float = 0.5
    max_disagreement: float = 0.05
    max_drift: float = 0.2
    """Largest distance between the two distribution functions of the answers."""
    max_wrong: float = 0.2
    """Largest share of wrong answers among those whose truth is known."""
    threshold: int = 10
    """Failed checks that end the release."""
    failed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        if self.threshold < 1:
            raise InvalidValue("threshold", self.threshold, "must be at least 1", "the default is 10")

    def judge(self, seen: Evidence) -> Judgement:
        window = seen.window
        findings = tuple(filter(None, (self._check(signal, window) for signal in self.signals)))
        if any(f.sense is Sense.BAD for f in findings):
            self.failed += 1
            return Judgement(findings, self.failed >= self.threshold, False, False)
        traffic = window.new.requests > 0
        return Judgement(findings, False, traffic, traffic)

    def _check(self, signal: Signal, window: Arms) -> Finding | None:
        """The limit on one signal; None where the interval has nothing to say about it."""
        old, new, limit = _FIGURES[signal](window, self)
        n = _COUNTS[signal](window)
        if not n:
            return None
        return Finding(signal, Sense.BAD if new > limit else Sense.GOOD, new, limit, old, new, n, 1)


def _errors(window: Arms, judge: Thresholds) -> tuple[float, float, float]:
    # As counts, so that 1% of 300 is 3 and not a little less.
    limit = (1 - judge.min_success) * (1 + 1e-9)
    return window.old.error_share, window.new.error_share, limit


def _latency(window: Arms, judge: Thresholds) -> tuple[float, float, float]:
    return quantile_s(window.old.latency, 0.99), quantile_s(window.new.latency, 0.99), judge.max_p99_s


def _disagreement(window: Arms, judge: Thresholds) -> tuple[float, float, float]:
    share = window.pairs.disagreed / max(window.pairs.compared, 1)
    return 0.0, share, judge.max_disagreement


def _drift(window: Arms, judge: Thresholds) -> tuple[float, float, float]:
    old, new = (np.cumsum(t.answers) / max(t.answers.sum(), 1) for t in (window.old, window.new))
    return 0.0, float(np.abs(old - new).max()), judge.max_drift


def _quality(window: Arms, judge: Thresholds) -> tuple[float, float, float]:
    old, new = (t.wrong / max(t.labelled, 1) for t in (window.old, window.new))
    return old, new, judge.max_wrong


_FIGURES = {
    Signal.ERRORS: _errors, Signal.LATENCY: _latency, Signal.DISAGREEMENT: _disagreement, Signal.DRIFT: _drift,
    Signal.QUALITY: _quality,
}  # fmt: skip
_COUNTS: dict[Signal, Callable[[Arms], int]] = {
    Signal.ERRORS: lambda w: w.new.requests,
    Signal.LATENCY: lambda w: int(w.new.latency.sum()),
    Signal.DISAGREEMENT: lambda w: w.pairs.compared,
    Signal.DRIFT: lambda w: min(int(w.old.answers.sum()), int(w.new.answers.sum())),
    Signal.QUALITY: lambda w: w.new.labelled,
}
