"""mSPRT: the mixture sequential probability ratio test of two means, by normal approximation.

Λ ≥ 1/α in the harmful direction rolls back (R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always valid inference",
Operations Research 70, 2022). The variance is estimated, so that its error is α for many requests and not exact
for few; `always_valid` is exact for shares. Errors and quality are shares; latency is the mean.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from strategies.releases.evidence import EDGES_S, Evidence
from strategies.releases.evidence.digest import GROWTH
from strategies.releases.judges._shares import shares_of
from strategies.releases.judges.contract import Finding, Judge, Judgement, Signal, check_probability, conclude, sense_of
from strategies.releases.statistics.sample_size import per_arm_pooled
from strategies.releases.statistics.sequential import log_normal_mixture

_MIDDLES_S = np.append(EDGES_S, EDGES_S[-1] * GROWTH) / GROWTH**0.5
_FEW = 30


@dataclass(slots=True)
class MSprt(Judge):
    title: ClassVar[str] = "mSPRT"
    summary: ClassVar[str] = "A sequential probability ratio test of means, mixed over the size of the effect."
    peeking: ClassVar[bool] = True

    alpha: float = 0.05
    power: float = 0.8
    usual_share: float = 0.01
    harm: float = 0.02
    """Increase of a share that must not be missed; τ of the shares' mixture."""
    slower: float = 0.25
    """Increase of the mean latency, relative to the old one, that must not be missed; τ of the latency's mixture."""

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        check_probability("alpha", self.alpha)
        self.signals = tuple(s for s in self.signals if s not in (Signal.DISAGREEMENT, Signal.DRIFT))

    def judge(self, seen: Evidence) -> Judgement:
        findings = [self._find(signal, seen) for signal in self.signals]
        return conclude(findings, seen.window.new.requests > 0)

    def _find(self, signal: Signal, seen: Evidence) -> Finding:
        alpha = self.alpha / len(self.signals)
        old, new, variance, n, effect = self._arms(signal, seen)
        evidence = log_normal_mixture(n, new - old, variance, effect**2) if n >= _FEW and variance > 0 else 0.0
        bad = new > old and evidence >= -math.log(alpha)
        # About ln(1/α) more than a test at one moment takes: d² n / 2σ² must reach it instead of z²/2.
        needs = 2 * per_arm_pooled(self.usual_share, self.usual_share + self.harm, alpha, self.power)
        return Finding(signal, sense_of(bad, n, needs), evidence, -math.log(alpha), old, new, n, needs)

    def _arms(self, signal: Signal, seen: Evidence) -> tuple[float, float, float, int, float]:
        """Both means, the variance of a pair's difference, pairs, and the effect looked for."""
        if signal is Signal.LATENCY:
            old, old_variance, old_n = _moments(seen.total.old.latency)
            new, new_variance, new_n = _moments(seen.total.new.latency)
            return old, new, old_variance + new_variance, min(old_n, new_n), max(self.slower * old, 1e-6)
        shares = shares_of(signal, seen, 0.0)
        if not shares.n:
            return shares.old, shares.new, 0.0, 0, self.harm
        variance = shares.old * (1 - shares.old) + shares.new * (1 - shares.new)
        return shares.old, shares.new, variance, shares.n, self.harm


def _moments(counts: NDArray[np.int64]) -> tuple[float, float, int]:
    """Mean, variance and number of latencies, from their digest."""
    n = int(counts.sum())
    if not n:
        return 0.0, 0.0, 0
    mean = float(_MIDDLES_S @ counts) / n
    return mean, max(float(_MIDDLES_S**2 @ counts) / n - mean**2, 0.0), n
