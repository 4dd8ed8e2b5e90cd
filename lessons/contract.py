"""The contract of a lesson's experiment.

One file in lessons/experiments/, named as its text, is one experiment. It runs without a page, so that tests, the page
and a job's process all run the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from data.provenance import Origin
from lessons.controls import Control, Settings
from lessons.record import Record
from strategies.jobs.job import Progress

__all__ = ["Cancelled", "Control", "Experiment", "Progress", "Record", "Settings", "Verdict"]

Cancelled = Callable[[], bool]
"""Whether the learner stopped the run; it then should clean up and raise `data.errors.Cancelled`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a run meets the challenge, and why."""

    passed: bool
    measured: str
    """What the run shows, with its unit and n."""
    required: str
    """What the challenge asks for, in the same unit."""
    why: str
    """One or two sentences: why this run does, or does not yet, and where to look next."""


class Experiment(ABC):
    """What a lesson runs. Subclasses supply the controls, `run`, `check` and `solve`."""

    origin: ClassVar[Origin]
    """Whether it measures for real, and so queues with other measurements, or simulates, and so runs at once."""
    controls: ClassVar[tuple[Control, ...]]
    """At most three."""
    compiled: ClassVar[bool] = False
    """Whether it runs the compiled simulator, which a new machine has to compile first: a minute or two, once."""

    def origin_here(self) -> Origin:
        """The same on this machine; differs only where something that measuring needs is missing."""
        return self.origin

    def setup(self) -> Settings:
        """The untouched set-up, which does not meet the challenge."""
        return {control.name: control.start for control in self.controls}

    @abstractmethod
    def run(self, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
        """Run it once.

        Parameters
        ----------
        settings
            A value for every control.
        seed
            The same seed and settings simulate the same; measurements differ.
        progress
            Told the stage and the share done.
        cancelled
            Asked often; when it says yes, raise `data.errors.Cancelled` within half a second.
        """

    @abstractmethod
    def check(self, record: Record) -> Verdict:
        """Whether that run meets the challenge. May simulate again, never measure."""

    @abstractmethod
    def solve(self, seed: int) -> Settings:
        """Settings whose run meets the challenge; for tests, and for an instructor who is stuck."""

    def reset(self) -> Settings:
        """Back to the set-up; also removes whatever runs left behind between them."""
        return self.setup()
