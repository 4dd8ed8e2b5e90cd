"""The contract of a release policy: from what was seen so far to which version answers from now on.

One object decides; the live router asks it about real requests and the simulators ask it about simulated ones. It holds
nothing but its settings and how far it has come, and knows no clock: time is what it is told.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self

from data.errors import InvalidValue
from strategies.releases.evidence import Evidence
from strategies.releases.judges.contract import Finding


class Verdict(StrEnum):
    """How far a release is."""

    HOLD = "hold"
    """It goes on."""
    PROMOTE = "promote"
    ROLL_BACK = "roll back"
    INCONCLUSIVE = "inconclusive"
    """It ended without enough traffic to say; the old version answers."""


@dataclass(frozen=True, slots=True)
class Split:
    """Who answers from now on."""

    primary: float
    """Share of requests (of keys, where assignment is sticky) that the old version answers."""
    canary: float
    """Share that the new version answers. Where both are 0, nobody does: an outage."""
    mirrored: float = 0.0
    """Share of the old version's requests of which the new one gets a copy, whose answer no user sees."""
    verdict: Verdict = Verdict.HOLD
    evidence: tuple[Finding, ...] = ()
    reason: str = ""
    old_fleet: float = 1.0
    """Instances of the old version that run, as a share of those that serve all traffic."""
    new_fleet: float = 0.0

    @property
    def counted(self) -> float:
        """The share of requests in each arm of the comparison: as much of the old as of the new version."""
        return min(self.primary, self.canary)

    @property
    def ended(self) -> bool:
        return self.verdict is not Verdict.HOLD


@dataclass(slots=True)
class ReleasePolicy(ABC):
    """One file in strategies/releases/ is one policy; the file's name is its name. Its fields are its settings."""

    title: ClassVar[str]
    summary: ClassVar[str]
    risk: ClassVar[str]
    """What users risk, in a few words."""
    resources: ClassVar[str]
    """What it takes beyond the old version, in a few words."""

    interval_s: float = 60.0
    """Seconds between two decisions."""

    def __post_init__(self) -> None:
        if not 0 < self.interval_s < float("inf"):
            raise InvalidValue("interval_s", self.interval_s, "must be above 0", "give the seconds between decisions")

    @abstractmethod
    def decide(self, now_s: float, seen: Evidence) -> Split:
        """Who answers from now on.

        Asked first at 0 with nothing seen, then every `interval_s`. Once a split's verdict is not hold, it stays so.

        Parameters
        ----------
        now_s
            Seconds since the release began.
        """

    def fresh(self) -> Self:
        """The same settings, at the beginning."""
        return replace(self)


def check_share(name: str, value: float) -> None:
    """`InvalidValue` unless a setting is a share above 0 and at most 1."""
    if not 0 < value <= 1:
        raise InvalidValue(name, value, "must be above 0 and at most 1", "give a share, such as 0.05 for 5%")
