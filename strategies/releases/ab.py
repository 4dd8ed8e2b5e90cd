"""A/B: an experiment with a fixed share and a size planned beforehand, decided at its end.

The judge is asked throughout, but only harm ends it early: an experiment that stops when it looks good stops too soon.
"""

from dataclasses import dataclass
from typing import ClassVar

from strategies.releases._judged import JudgedPolicy
from strategies.releases.contract import Split, Verdict, check_share
from strategies.releases.evidence import Evidence
from strategies.releases.judges.contract import Finding


@dataclass(slots=True)
class AbTest(JudgedPolicy):
    title: ClassVar[str] = "A/B test"
    summary: ClassVar[str] = "Users are divided for a planned time; what they got decides."
    risk: ClassVar[str] = "the share of users in the experiment, for all of its time"
    resources: ClassVar[str] = "the new version's share of instances"

    share: float = 0.5
    runs_s: float = 3_600.0
    """How long the experiment runs at least."""

    def __post_init__(self) -> None:
        JudgedPolicy.__post_init__(self)
        check_share("share", self.share)

    def decide(self, now_s: float, seen: Evidence) -> Split:
        if self._final is not None:
            return self._final
        if not seen.ready:
            return Split(1.0, 0.0, reason="the new version starts", new_fleet=self.share)
        if now_s <= 0:
            return self._divide(())
        judgement = self.judge.judge(seen)
        if judgement.harmful:
            return self._roll_back(judgement)
        if now_s >= self.runs_s and judgement.enough:
            reason = "ran its time, and nothing speaks against the new version"
            return self._end(Split(0.0, 1.0, 0.0, Verdict.PROMOTE, judgement.findings, reason, 0.0, 1.0))
        if now_s >= self.deadline_s:
            return self._give_up(now_s, judgement)
        return self._divide(judgement.findings)

    def _divide(self, evidence: tuple[Finding, ...]) -> Split:
        share = self.share
        return Split(1 - share, share, evidence=evidence, reason="the experiment runs", new_fleet=share)
