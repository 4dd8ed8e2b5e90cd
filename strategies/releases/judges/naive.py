"""A z test at every look, as if each were the only one: what not to do, and how much it costs.

With no effect at all, |z| > 1.96 at some look has probability 0.05 with one look, 0.248 with 20 and 0.374 with 100
(Armitage, McPherson & Rowe, 1969).
"""

from dataclasses import dataclass
from typing import ClassVar

from strategies.releases.evidence import Evidence
from strategies.releases.judges._shares import shares_of, two_proportion_z
from strategies.releases.judges.contract import Finding, Judge, Judgement, Signal, check_probability, conclude, sense_of
from strategies.releases.statistics.sample_size import per_arm_pooled


@dataclass(slots=True)
class Naive(Judge):
    title: ClassVar[str] = "Naive z test"
    summary: ClassVar[str] = "A significance test at every look, as if each were the only one: it cries wolf."
    peeking: ClassVar[bool] = False

    signals: tuple[Signal, ...] = (Signal.ERRORS,)
    alpha: float = 0.05
    usual_share: float = 0.01
    """Share of bad answers that the old version is expected to have."""
    harm: float = 0.01
    """Increase of that share that is looked for."""
    power: float = 0.8
    slow_s: float = 0.5
    """Latency beyond which an answer counts as bad."""

    def __post_init__(self) -> None:
        Judge.__post_init__(self)
        self.signals = tuple(s for s in self.signals if s in _TAKES)
        check_probability("alpha", self.alpha)

    def judge(self, seen: Evidence) -> Judgement:
        from scipy.special import ndtri

        boundary = float(ndtri(1 - self.alpha / 2))
        needs = per_arm_pooled(self.usual_share, self.usual_share + self.harm, self.alpha, self.power)
        findings = []
        for signal in self.signals:
            shares = shares_of(signal, seen, self.slow_s)
            z = two_proportion_z(shares)
            sense = sense_of(z >= boundary, shares.n, needs)
            findings.append(Finding(signal, sense, z, boundary, shares.old, shares.new, shares.n, needs))
        return conclude(findings, seen.window.new.requests > 0)


_TAKES = (Signal.ERRORS, Signal.LATENCY, Signal.QUALITY)
