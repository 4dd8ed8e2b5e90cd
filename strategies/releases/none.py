"""None: no release at all. It changes nothing, and so measures the router and the simulator themselves."""

from dataclasses import dataclass
from typing import ClassVar

from strategies.releases.contract import ReleasePolicy, Split
from strategies.releases.evidence import Evidence


@dataclass(slots=True)
class NoRelease(ReleasePolicy):
    title: ClassVar[str] = "None"
    summary: ClassVar[str] = "The old version goes on answering: what is left is the router itself."
    risk: ClassVar[str] = "none"
    resources: ClassVar[str] = "none"

    def decide(self, now_s: float, seen: Evidence) -> Split:  # noqa: ARG002 - nothing that it sees changes anything
        return Split(1.0, 0.0, reason="nothing is released")
