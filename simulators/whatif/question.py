"""The question itself: a small immutable value, which is also the state of the page's address."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from data.errors import InvalidValue

LONGEST_S = 86_400.0
"""The longest time that is simulated: a day."""
MOST_RPS = 100_000.0
_SETTING = "set."


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that a simulated answer depends on.

    >>> Question(rate_rps=20.0).with_settings(replicas=3).to_query()
    {'rate_rps': '20', 'set.replicas': '3'}
    """

    preset: str = "steady"
    architecture: str = "microservices"
    strategy: str = "api"
    profile: str = "reference"
    """Where the durations come from, by its name in `known_profiles`."""
    rate_rps: float = 1_000.0
    """Mean rate of requests."""
    duration_s: float = 600.0
    trace: str = "flights"
    """What the preset "real_traces" replays."""
    slo_ms: float = 10.0
    """Latency that 99% of the requests should keep."""
    precision: float = 0.05
    """How well the mean latency should be known: half of its interval, as a share of it."""
    seed: int = 1
    settings: tuple[tuple[str, float], ...] = ()
    """The architecture's settings that differ from its defaults, by name."""

    def __post_init__(self) -> None:
        bounds = {
            "rate_rps": (1e-6, MOST_RPS),
            "duration_s": (1.0, LONGEST_S),
            "slo_ms": (1e-3, 1e6),
            "precision": (1e-4, 0.5),
            "seed": (0, 2**31 - 1),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise InvalidValue(name, value, f"must be from {low:g} to {high:,.10g}", "choose a value in that range")

    def with_settings(self, **settings: float) -> "Question":
        """A copy with these settings changed."""
        return replace(self, settings=tuple(sorted({**dict(self.settings), **settings}.items())))

    def without_setting(self, name: str) -> "Question":
        """A copy with that setting at its default."""
        return replace(self, settings=tuple(item for item in self.settings if item[0] != name))

    def without_settings(self) -> "Question":
        """A copy with every setting at its default."""
        return replace(self, settings=())

    def to_query(self) -> dict[str, str]:
        """What differs from the default question, as parameters of the page's address."""
        default = Question()
        names = [
            f.name for f in fields(self) if f.name != "settings" and getattr(self, f.name) != getattr(default, f.name)
        ]
        found = {name: _written(getattr(self, name)) for name in names}
        return found | {f"{_SETTING}{name}": _written(value) for name, value in self.settings}

    @staticmethod
    def knows(name: str) -> bool:
        """Whether a parameter of that name is a question's."""
        return name.startswith(_SETTING) or name in {f.name for f in fields(Question) if f.name != "settings"}

    @classmethod
    def from_query(cls, parameters: Mapping[str, str]) -> tuple["Question", list[InvalidValue]]:
        """The default question with the parameters' changes, and a problem for each that cannot be used.

        Parameters that are nobody's are left alone. Names of kinds and settings are not looked up here.
        """
        found, problems = cls(), list[InvalidValue]()
        for name, text in parameters.items():
            try:
                found = _changed(found, name, text)
            except InvalidValue as problem:
                problems.append(problem)
        return found, problems


def _changed(question: Question, name: str, text: str) -> Question:
    kinds = {f.name: type(getattr(question, f.name)) for f in fields(Question) if f.name != "settings"}
    if name.startswith(_SETTING):
        return question.with_settings(**{name.removeprefix(_SETTING): _number(name, text, float)})
    if name not in kinds:
        return question
    value: Any = text if kinds[name] is str else _number(name, text, kinds[name])
    return replace(question, **{name: value})


def _number(name: str, text: str, kind: type) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidValue(name, text, "is not a number", "write it in digits") from None
    if not math.isfinite(value):
        raise InvalidValue(name, text, "is not finite", "write it in digits")
    if kind is int and value != int(value):
        raise InvalidValue(name, text, "is not a whole number", "write it in digits")
    return int(value) if kind is int or (value == int(value) and abs(value) < 2**53) else value


def _written(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
