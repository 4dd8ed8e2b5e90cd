"""Telling whoever waits how far training is, and stopping when they no longer want it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from data.errors import Cancelled

Progress = Callable[[str, float], None]
"""Called with the stage's name and the share of all work that is done, 0 to 1."""
CancelCheck = Callable[[], bool]


def silent(_stage: str, _fraction: float) -> None:
    """A `Progress` that nobody follows."""


def never() -> bool:
    """A `CancelCheck` that lets the work finish."""
    return False


@dataclass(frozen=True, slots=True)
class Watch:
    """Progress and cancellation of one stage, which spans `start` to `end` of the whole."""

    progress: Progress = silent
    cancelled: CancelCheck = never
    stage: str = "training"
    start: float = 0.0
    end: float = 1.0
    notes: list[str] = field(default_factory=list)
    """What the reader of the result must know, such as a solver that did not converge; shared by all stages."""

    def part(self, stage: str, start: float, end: float) -> "Watch":
        """The watch of a stage within this one; `start` and `end` are shares of it."""
        span = self.end - self.start
        part = Watch(
            self.progress, self.cancelled, stage, self.start + span * start, self.start + span * end, self.notes
        )
        part.report(0.0)
        return part

    def report(self, done: float) -> None:
        """Say what share of this stage is done; raises `Cancelled` when the user has asked to stop."""
        self.progress(self.stage, self.start + (self.end - self.start) * min(done, 1.0))
        if self.cancelled():
            raise Cancelled(f"Training was cancelled during “{self.stage}”; nothing of it was kept.")
