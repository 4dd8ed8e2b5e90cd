"""Shadow: the new version gets a copy of the requests, and its answers are compared and thrown away.

No user sees an answer of it, whatever the verdict: "promote" means that it is fit for the next step, which another
policy takes.
"""

from dataclasses import dataclass
from typing import ClassVar

from strategies.releases._judged import JudgedPolicy
from strategies.releases.contract import Split, Verdict, check_share
from strategies.releases.evidence import Evidence
from strategies.releases.judges.contract import Finding


@dataclass(slots=True)
class Shadow(JudgedPolicy):
    title: ClassVar[str] = "Shadow"
    summary: ClassVar[str] = "The new version gets copies of requests; its answers are compared and thrown away."
    risk: ClassVar[str] = "none: no user sees an answer of the new version"
    resources: ClassVar[str] = "twice as much while it lasts"

    mirrored: float = 1.0
    """Share of requests that are copied."""
    least_s: float = 600.0
    """How long it looks at least."""

    def __post_init__(self) -> None:
        JudgedPolicy.__post_init__(self)
        check_share("mirrored", self.mirrored)

    def decide(self, now_s: float, seen: Evidence) -> Split:
        if self._final is not None:
            return self._final
        if now_s <= 0 or not seen.ready:
            return self._mirror(())
        judgement = self.judge.judge(seen)
        if judgement.harmful:
            return self._roll_back(judgement)
        if judgement.enough and now_s >= self.least_s:
            split = Split(1.0, 0.0, 0.0, Verdict.PROMOTE, judgement.findings, "fit for the next step")
            return self._end(split)
        if now_s >= self.deadline_s:
            return self._give_up(now_s, judgement)
        return self._mirror(judgement.findings)

    def _mirror(self, evidence: tuple[Finding, ...]) -> Split:
        reason = "copies go to the new version"
        return Split(1.0, 0.0, self.mirrored, evidence=evidence, reason=reason, new_fleet=self.mirrored)
