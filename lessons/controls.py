"""The controls of an experiment, as data: what a learner may set, and what a link may say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from data.errors import InvalidValue

Value = bool | int | float | str
Settings = Mapping[str, Value]
"""A value for each control, by its name; every run is given all of them."""

MOST_CONTROLS = 3


@dataclass(frozen=True, slots=True)
class Number:
    """A slider. All of low, high, step and default are whole, or none is taken to be."""

    name: str
    label: str
    low: float
    high: float
    step: float
    default: float
    unit: str = ""
    help: str = ""

    def parse(self, text: str) -> Value:
        """The value that a link means; raises `InvalidValue`."""
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.low <= value <= self.high:
            rule = f"must be a number from {self.low:g} to {self.high:g}"
            raise InvalidValue(self.name, text, rule, f"leave it out for {self.default:g}")
        value = min(self.low + round((value - self.low) / self.step) * self.step, self.high)
        return round(value) if self.whole else round(value, 9)

    @property
    def whole(self) -> bool:
        return all(float(number).is_integer() for number in (self.low, self.high, self.step, self.default))

    @property
    def start(self) -> Value:
        return round(self.default) if self.whole else self.default


@dataclass(frozen=True, slots=True)
class Option:
    """One of several: `value` is what a run gets and a link says, `label` what a learner reads."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several options; starts at `default`, or at the first."""

    name: str
    label: str
    options: tuple[Option, ...]
    default: str = ""
    help: str = ""

    def parse(self, text: str) -> Value:
        """The value that a link means; raises `InvalidValue`."""
        known = [option.value for option in self.options]
        if text not in known:
            raise InvalidValue(self.name, text, "is none of the options", f"choose one of {', '.join(known)}")
        return text

    @property
    def start(self) -> Value:
        return self.default or self.options[0].value


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off; a link says `1` or `0`."""

    name: str
    label: str
    default: bool = False
    help: str = ""

    def parse(self, text: str) -> Value:
        """The value that a link means; raises `InvalidValue`."""
        if text not in ("0", "1"):
            raise InvalidValue(self.name, text, "must be 0 or 1", "write 1 for on")
        return text == "1"

    @property
    def start(self) -> Value:
        return self.default


Control = Number | Choice | Switch


def as_query(value: Value) -> str:
    """How a link says the value; `parse` reads it back."""
    return str(int(value)) if isinstance(value, bool) else f"{value:.12g}" if isinstance(value, float) else str(value)


def checked(controls: tuple[Control, ...], settings: Settings) -> Settings:
    """The settings, if they name every control and nothing else, each with a value that it can take."""
    by_name = {control.name: control for control in controls}
    if settings.keys() != by_name.keys():
        names = ", ".join(by_name) or "none"
        raise InvalidValue("settings", sorted(settings), "must name every control once", f"give {names}")
    return {name: control.parse(as_query(settings[name])) for name, control in by_name.items()}
