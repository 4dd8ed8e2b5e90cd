"""Basic: the new version replaces the old one, and nobody looks.

Rolling replaces one replica after the other, each as soon as its successor is ready. Recreate stops the old version
first: until the new one is ready, nobody answers.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from data.errors import InvalidValue
from strategies.releases.contract import ReleasePolicy, Split, Verdict
from strategies.releases.evidence import Evidence


@dataclass(slots=True)
class Basic(ReleasePolicy):
    title: ClassVar[str] = "Basic"
    summary: ClassVar[str] = "The new version replaces the old one, at once or by and by, and nobody looks."
    risk: ClassVar[str] = "every user, until somebody notices"
    resources: ClassVar[str] = "none, or one replica more while it rolls"

    mode: Literal["rolling", "recreate"] = "rolling"
    replicas: int = 4
    """Replicas that rolling replaces, one each interval."""
    _replaced: int = field(default=0, init=False)
    _stopped: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        ReleasePolicy.__post_init__(self)
        if self.mode not in ("rolling", "recreate"):
            raise InvalidValue("mode", self.mode, "is not a way to replace", "choose rolling or recreate")
        if self.replicas < 1:
            raise InvalidValue("replicas", self.replicas, "must be at least 1", "give the number of replicas")

    def decide(self, now_s: float, seen: Evidence) -> Split:  # noqa: ARG002 - it waits for nothing but readiness
        return self._recreate(seen) if self.mode == "recreate" else self._roll(seen)

    def _recreate(self, seen: Evidence) -> Split:
        if not self._stopped or not seen.ready:
            self._stopped = True
            return Split(0.0, 0.0, reason="the old version is stopped, the new one starts", old_fleet=0, new_fleet=1)
        return Split(0.0, 1.0, verdict=Verdict.PROMOTE, reason="the new version is ready", old_fleet=0, new_fleet=1)

    def _roll(self, seen: Evidence) -> Split:
        if seen.ready and self._replaced < self.replicas:
            self._replaced += 1
        share = self._replaced / self.replicas
        surge = 0.0 if share == 1 else 1 / self.replicas  # the next one starts beside those that serve
        return Split(
            1 - share,
            share,
            verdict=Verdict.PROMOTE if share == 1 else Verdict.HOLD,
            reason=f"{self._replaced} of {self.replicas} replicas replaced",
            old_fleet=1 - share,
            new_fleet=share + surge,
        )
