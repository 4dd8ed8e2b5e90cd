"""Canary: a small share of requests first, and more as long as nothing speaks against it.

The comparison is with a random share of the old version's requests, as large as the new version's and at the same time:
the rest of the old version's traffic has another size, and yesterday's another day.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from data.errors import InvalidValue
from strategies.releases._judged import JudgedPolicy
from strategies.releases.contract import Split, Verdict, check_share
from strategies.releases.evidence import Evidence
from strategies.releases.judges.contract import Finding


@dataclass(slots=True)
class Canary(JudgedPolicy):
    title: ClassVar[str] = "Canary"
    summary: ClassVar[str] = "A small share of requests first, and more as long as nothing speaks against it."
    risk: ClassVar[str] = "a few users, for as long as it takes to notice"
    resources: ClassVar[str] = "its share of instances, and the judging"

    step: float = 0.05
    """Share added at each look that was passed."""
    most: float = 0.5
    """Share up to which it is compared; passing there gives it everything."""
    _weight: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        JudgedPolicy.__post_init__(self)
        check_share("step", self.step)
        check_share("most", self.most)
        if self.most > 0.5 or self.step > self.most:
            rule = f"must be at least step ({self.step}) and at most 0.5"
            raise InvalidValue("most", self.most, rule, "beyond a half, no baseline of equal size is left")

    def decide(self, now_s: float, seen: Evidence) -> Split:
        if self._final is not None:
            return self._final
        if not self._weight:  # the first share is given on trust, once there is somebody to give it to
            self._weight = self.step if seen.ready else 0.0
            reason = f"first {self._weight:.0%} to the new version" if seen.ready else "the new version starts"
            return self._share((), reason)
        judgement = self.judge.judge(seen)
        if judgement.harmful:
            return self._roll_back(judgement)
        if judgement.passed and self._weight >= self.most - 1e-9:
            if judgement.enough:
                return self._end(
                    Split(0.0, 1.0, 0.0, Verdict.PROMOTE, judgement.findings, "passed every step", 0.0, 1.0)
                )
        elif judgement.passed and now_s < self.deadline_s:
            self._weight = min(self._weight + self.step, self.most)
            return self._share(judgement.findings, f"passed: {self._weight:.0%} to the new version")
        if now_s >= self.deadline_s:
            return self._give_up(now_s, judgement)
        return self._share(judgement.findings, self._why_it_waits(judgement.passed))

    def _why_it_waits(self, passed: bool) -> str:
        return "waits for enough requests" if passed else "waits: no requests came, or a check failed"

    def _share(self, evidence: tuple[Finding, ...], reason: str) -> Split:
        weight = self._weight
        return Split(1 - weight, weight, evidence=evidence, reason=reason, new_fleet=weight)
