"""Blue-green: both versions stand whole; all traffic switches at once, and back at once if need be.

Nothing is served at the same time, so the new version is compared with what the old one did in the time before.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from strategies.releases._judged import JudgedPolicy
from strategies.releases.contract import Split, Verdict
from strategies.releases.evidence import Evidence
from strategies.releases.judges.contract import Finding


@dataclass(slots=True)
class BlueGreen(JudgedPolicy):
    title: ClassVar[str] = "Blue-green"
    summary: ClassVar[str] = "A whole second fleet; all traffic switches at once, and back at once if need be."
    risk: ClassVar[str] = "every user, for as long as it takes to notice"
    resources: ClassVar[str] = "twice as much until the old version is let go"

    before_s: float = 300.0
    """How long the old version is watched before the switch."""
    keep_s: float = 600.0
    """How long the old version stands by after the switch."""
    _switched_s: float | None = field(default=None, init=False)

    def decide(self, now_s: float, seen: Evidence) -> Split:
        if self._final is not None:
            return self._final
        if self._switched_s is None:
            if now_s < self.before_s or not seen.ready:
                return Split(1.0, 0.0, reason="the old version is watched", new_fleet=1.0)
            self._switched_s = now_s
            return self._switched((), "all traffic switches to the new version")
        judgement = self.judge.judge(seen)
        if judgement.harmful:
            return self._roll_back(judgement)
        if judgement.enough and now_s >= self._switched_s + self.keep_s:
            split = Split(0.0, 1.0, 0.0, Verdict.PROMOTE, judgement.findings, "the old version is let go", 0.0, 1.0)
            return self._end(split)
        if now_s >= self.deadline_s:
            return self._give_up(now_s, judgement)
        return self._switched(judgement.findings, "the old version stands by")

    def _switched(self, evidence: tuple[Finding, ...], reason: str) -> Split:
        return Split(0.0, 1.0, evidence=evidence, reason=reason, new_fleet=1.0)
