"""The contract of a fault: how often it is taken to come, and what each occurrence does to a candidate.

One file in simulators/risk/faults/ is one fault; the file's name is its name. Everything that nobody can know from
measurements here, such as how often a zone fails, is a setting: stated, with its default, and editable.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from data.errors import InvalidValue
from simulators.architectures.contract import Setting
from simulators.risk.effects import Effect
from simulators.risk.figures import Basis
from simulators.risk.subject import Subject

PER_MONTH = "per_month"
BEFORE = 0.15
"""Share of a run before a fault strikes, in which instances start and lines fill."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to simulate."""

    runs: int = 10
    requests: int = 30_000
    """At most so many in a run."""
    seed: int = 1
    cancelled: Callable[[], bool] | None = None


class Fault(ABC):
    """Something that goes wrong now and then."""

    title: ClassVar[str]
    summary: ClassVar[str]
    """What happens, and how it is simulated or computed."""
    basis: ClassVar[Basis] = "simulated"
    settings: ClassVar[Mapping[str, Setting]]
    """Assumptions, each with its unit and meaning; `per_month` is how often it comes."""

    @classmethod
    def values(cls, given: Mapping[str, float]) -> dict[str, float]:
        """All settings, with those that differ from the defaults; `InvalidValue` for one that is not there."""
        for name in given:
            if name not in cls.settings:
                known = ", ".join(cls.settings)
                raise InvalidValue(name, given[name], f"is no assumption about {cls.title}", f"choose from {known}")
        return {name: s.check(name, _fitting(given.get(name, s.default), s)) for name, s in cls.settings.items()}

    def why_not(self, subject: Subject) -> str:  # noqa: ARG002 - most strike everything
        """Empty for a candidate that it can strike; otherwise why it cannot, for people to read."""
        return ""

    def per_month(self, subject: Subject, values: Mapping[str, float]) -> float:  # noqa: ARG002
        """Occurrences to be expected in a month, over the whole candidate."""
        return values[PER_MONTH]

    @abstractmethod
    def occurrences(self, subject: Subject, values: Mapping[str, float], extent: Extent) -> tuple[Effect, ...]:
        """What `extent.runs` independent occurrences did."""


def _fitting(value: float, setting: Setting) -> float:
    """A whole number where a setting takes one: files and forms know only numbers."""
    return int(value) if isinstance(setting.default, int) and float(value).is_integer() else value
