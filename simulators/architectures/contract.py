"""The contract of an architecture: what was measured goes in, a plan that can be simulated comes out.

One file in simulators/architectures/ is one architecture; the file's name is its name. It says which strategies make
sense in it, and why the others do not.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from data.errors import InvalidValue
from data.profile import ServiceProfile
from simulators.plan import Plan

STRATEGIES = ("embedded", "api", "streaming", "batch")
Platform = Literal["machines", "tasks", "functions", "endpoint", "endpoint_functions"]
"""What a provider bills: virtual machines (or machines of one's own), container tasks on an orchestrator, functions, or
a managed endpoint on instances or without servers."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that an architecture can be given."""

    default: int | float
    low: int | float
    high: int | float
    meaning: str
    """With its unit; for a form's label and its help."""

    def check(self, name: str, value: object) -> float:
        """The value, or `InvalidValue` when it is no number within the bounds, or no whole one where it must be."""
        whole = isinstance(self.default, int)
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:  # type: ignore[operator]
            kind = "a whole number" if whole else "a number"
            remedy = f"its default is {self.default:g}"
            raise InvalidValue(name, value, f"must be {kind} from {self.low:g} to {self.high:g}", remedy)
        return value  # type: ignore[return-value]


class Architecture(ABC):
    """How an application and its model are laid out, scaled and connected."""

    title: ClassVar[str]
    summary: ClassVar[str]
    """One or two sentences for a card: what is deployed, what scales, what fails together."""
    strategies: ClassVar[tuple[str, ...]]
    """Strategies that make sense in it; the first is the usual one."""
    not_for: ClassVar[Mapping[str, str]] = {}
    """Why the others make no sense, by their names."""
    settings: ClassVar[Mapping[str, Setting]] = {}
    platform: ClassVar[Platform] = "machines"

    @classmethod
    def why_not(cls, strategy: str) -> str:
        """Empty for a strategy that makes sense in it; otherwise why it does not, for people to read."""
        if strategy in cls.strategies:
            return ""
        return cls.not_for.get(strategy, f"{cls.title} knows no strategy named {strategy}.")

    def plan(
        self, profile: ServiceProfile, *, strategy: str = "", settings: Mapping[str, int | float] | None = None
    ) -> Plan:
        """The plan of an application that behaves as `profile` says.

        Parameters
        ----------
        profile
            With a component named ``model``. One with further components is a whole application, in which a request
            meets them in their order; the first then is what users talk to.
        strategy
            How the model is deployed; empty takes the architecture's usual way.
        settings
            Values that differ from the defaults.

        Raises
        ------
        InvalidValue
            The strategy makes no sense here, a setting is unknown or out of its bounds, or the plan needs something
            that the profile did not measure.
        """
        chosen = strategy or self.strategies[0]
        if reason := self.why_not(chosen):
            rule = f"makes no sense here ({reason.rstrip('.')})"
            raise InvalidValue("strategy", chosen, rule, f"choose {' or '.join(self.strategies)}")
        profile.component("model")
        return self.build(profile, chosen, self._values(settings or {}))

    @abstractmethod
    def build(self, profile: ServiceProfile, strategy: str, values: Mapping[str, float]) -> Plan:
        """The plan, from a strategy that makes sense and a value for every setting."""

    @classmethod
    def _values(cls, given: Mapping[str, int | float]) -> dict[str, float]:
        for name in given:
            if name not in cls.settings:
                known = ", ".join(cls.settings) or "none, as it has none"
                raise InvalidValue(name, given[name], f"is not a setting of {cls.title}", f"choose from {known}")
        return {name: s.check(name, given.get(name, s.default)) for name, s in cls.settings.items()}
