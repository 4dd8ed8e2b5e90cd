"""What policies that ask a judge have in common."""

from dataclasses import dataclass, field, replace
from typing import Self

from data.errors import InvalidValue
from strategies.releases.contract import ReleasePolicy, Split, Verdict
from strategies.releases.judges.always_valid import AlwaysValid
from strategies.releases.judges.contract import Judge, Judgement, Sense
from strategies.releases.outcome.words import lacking, span


@dataclass(slots=True)
class JudgedPolicy(ReleasePolicy):
    """A policy with a judge, a deadline, and a verdict that stays once it is there."""

    judge: Judge = field(default_factory=AlwaysValid)
    deadline_s: float = 7_200.0
    """After so long without a verdict it ends as inconclusive."""
    _final: Split | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        ReleasePolicy.__post_init__(self)
        if not self.deadline_s > 0:
            raise InvalidValue("deadline_s", self.deadline_s, "must be above 0", "give the longest that it may take")

    def fresh(self) -> Self:
        return replace(self, judge=self.judge.fresh())

    def _end(self, split: Split) -> Split:
        self._final = split
        return split

    def _roll_back(self, judgement: Judgement) -> Split:
        against = [f for f in judgement.findings if f.sense is Sense.BAD]
        said = "; ".join(map(str, against)) or "too many signals without data"
        return self._end(
            Split(1.0, 0.0, verdict=Verdict.ROLL_BACK, evidence=judgement.findings, reason=f"rolled back: {said}")
        )

    def _give_up(self, now_s: float, judgement: Judgement) -> Split:
        return self._end(
            Split(
                1.0, 0.0, verdict=Verdict.INCONCLUSIVE, evidence=judgement.findings,
                reason=too_little(judgement, now_s),
            )
        )  # fmt: skip


def too_little(judgement: Judgement, now_s: float) -> str:
    """What was missing, and how long it would take to come at the pace so far."""
    short = judgement.shortest
    if short is None:
        return f"not enough traffic lately: enough was seen, and nothing came to confirm it within {span(now_s)}"
    return f"not enough traffic: {lacking(str(short.signal), short.n, short.needs, now_s)}"
