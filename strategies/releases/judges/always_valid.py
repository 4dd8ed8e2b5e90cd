"""Always valid: looks at every interval, and yet a false rollback has probability α at most over the whole release.

- errors and quality: of all failures in two equal random arms, how many are the new version's (`log_odds_evidence`);
  exact, whatever the rate and however it changes. Where the arms were served one after the other, the new version's
  share is tested against the old one's upper confidence limit instead.
- latency and drift: the whole distribution, by bands around both distribution functions that hold at all looks.
- disagreement: its share against a limit.

α is divided by the number of signals. What it assumes: requests are independent of each other given the version. Keys
that ask often, or a stall that hits many requests at once, carry less evidence than their number says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.releases.evidence import Evidence
from strategies.releases.judges._shares import TwoShares, shares_of
from strategies.releases.judges.contract import Finding, Judge, Judgement, Sense, Signal, check_probability, sense_of
from strategies.releases.statistics.sample_size import odds_per_arm, one_share_needs
from strategies.releases.statistics.sequential import band_radius, log_odds_evidence, share_bounds

Cdf = NDArray[np.float64]


@dataclass(slots=True)
class AlwaysValid(Judge):
    title: ClassVar[str] = "Always valid"
    summary: ClassVar[str] = "Sequential tests that may be looked at any time: what they find stays found."
    peeking: ClassVar[bool] = True

    signals: tuple[Signal, ...] = tuple(Signal)
    required: tuple[Signal, ...] = (Signal.ERRORS, Signal.LATENCY)
    """Signals that must have had enough requests before everything is given to the new version."""
    alpha: float = 0.05
    power: float = 0.8
    harm: float = 0.02
    """Increase of the share of failures, wrong answers or disagreements that must not be missed."""
    slower: float = 0.25
    """Share of requests that became slower, or whose answers moved, that must not be missed."""
    max_disagreement: float = 0.05
    drift_tolerance: float = 0.05
    """Distance between the two distributions of answers that does not matter."""
    latency_steps: int = 1
    """Slowness that does not matter, in steps of a tenth each."""
    looks: int = field(default=0, init=False)
    _alpha: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        self.required = tuple(s for s in map(Signal, self.required) if s in self.signals)
        check_probability("alpha", self.alpha)
        if not 0 < self.harm < 1:
            raise InvalidValue("harm", self.harm, "must lie between 0 and 1", "0.02 looks for two more in a hundred")
        self._alpha = self.alpha / max(len(self.signals), 1)

    def judge(self, seen: Evidence) -> Judgement:
        traffic = seen.window.new.requests > 0 or seen.window.pairs.compared > 0
        self.looks += 1
        findings = tuple(f for f in (self._find(signal, seen) for signal in self.signals) if f is not None)
        harmful = any(f.sense is Sense.BAD for f in findings)
        enough = all(f.sense is Sense.GOOD for f in findings if f.signal in self.required)
        return Judgement(findings, harmful, traffic and not harmful, traffic and enough and not harmful)

    def _find(self, signal: Signal, seen: Evidence) -> Finding | None:
        if signal is Signal.LATENCY:
            return self._slower(seen)
        if signal is Signal.DRIFT:
            return self._moved(seen)
        if signal is Signal.DISAGREEMENT:
            pairs = seen.total.pairs
            return self._above(signal, pairs.disagreed, pairs.compared, self.max_disagreement, 0.0, self._alpha)
        shares = shares_of(signal, seen, 0.0)
        if signal not in self.required and not shares.n:
            return None
        if seen.concurrent or (signal is Signal.QUALITY and seen.total.pairs.labelled):
            return self._odds(signal, shares)
        limit = share_bounds(shares.old_bad, shares.old_n, self._alpha / 2)[1]
        return self._above(signal, shares.new_bad, shares.new_n, limit, shares.old, self._alpha / 2)

    def _odds(self, signal: Signal, shares: TwoShares) -> Finding:
        statistic = log_odds_evidence(shares.new_bad, shares.new_bad + shares.old_bad)
        boundary = -math.log(self._alpha)
        usual = (shares.old_bad + 0.5) / (shares.old_n + 1)
        needs = _memo(odds_per_arm, usual, self.harm, self._alpha, self.power)
        sense = sense_of(statistic >= boundary, shares.n, needs)
        return Finding(signal, sense, statistic, boundary, shares.old, shares.new, shares.n, needs)

    def _above(self, signal: Signal, bad: int, n: int, limit: float, old: float, alpha: float) -> Finding | None:
        if not n and signal not in self.required:
            return None
        boundary = -math.log(alpha)
        new = bad / n if n else math.nan
        if limit >= 1:
            return Finding(signal, Sense.OPEN, 0.0, boundary, old, new, n, math.inf)
        statistic = log_odds_evidence(bad, n, limit)
        needs = _memo(one_share_needs, limit, self.harm, alpha, self.power)
        return Finding(signal, sense_of(statistic >= boundary, n, needs), statistic, boundary, old, new, n, needs)

    def _slower(self, seen: Evidence) -> Finding | None:
        old, new = seen.total.old.latency, seen.total.new.latency
        steps = self.latency_steps
        below_old, below_new, n_old, n_new = _cumulated(old, new)
        # Old ones up to an edge, against new ones up to an edge `steps` higher: slower beyond what does not matter.
        gaps = below_old[:-steps] - below_new[steps:] if steps else below_old - below_new
        worst = int(gaps.argmax())
        return self._band(Signal.LATENCY, float(gaps[worst]), worst, below_old, below_new, (n_old, n_new), 0.0)

    def _moved(self, seen: Evidence) -> Finding | None:
        below_old, below_new, n_old, n_new = _cumulated(seen.total.old.answers, seen.total.new.answers)
        if not min(n_old, n_new) and Signal.DRIFT not in self.required:
            return None
        gaps = np.abs(below_old - below_new)
        worst = int(gaps.argmax())
        gap, tolerance = float(gaps[worst]), self.drift_tolerance
        return self._band(Signal.DRIFT, gap, worst, below_old, below_new, (n_old, n_new), tolerance)

    def _band(
        self, signal: Signal, gap: float, at: int, old: Cdf, new: Cdf, n: tuple[int, int], tolerance: float
    ) -> Finding:
        radius = sum(band_radius(size, self.looks, self._alpha / 2) for size in n)
        least, alpha = min(n), self._alpha / 2
        needs = 2 * math.log(2 * self.looks * (self.looks + 1) / alpha) / self.slower**2
        sense = sense_of(gap >= radius + tolerance, least, needs)
        return Finding(signal, sense, gap, radius + tolerance, float(old[at]), float(new[at]), least, needs)


def _cumulated(old: NDArray[np.int64], new: NDArray[np.int64]) -> tuple[Cdf, Cdf, int, int]:
    """Two distribution functions and how many samples each has."""
    below_old, below_new = old.cumsum(), new.cumsum()
    n_old, n_new = int(below_old[-1]), int(below_new[-1])
    return below_old / max(n_old, 1), below_new / max(n_new, 1), n_old, n_new


_needed: dict[tuple[object, ...], float] = {}


def _memo(
    needs: Callable[[float, float, float, float], float], usual: float, harm: float, alpha: float, power: float
) -> float:
    """Sample sizes for a share rounded to two digits: the figure is a plan, and it is asked for at every look."""
    usual = float(f"{usual:.1e}")
    key = needs, usual, harm, alpha, power
    if key not in _needed:
        if len(_needed) > 10_000:
            _needed.clear()
        _needed[key] = needs(usual, min(usual + harm, 1.0), alpha, power)
    return _needed[key]
