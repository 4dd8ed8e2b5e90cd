"""Where a choice changes: plain values, apart from what finds them, so that a page can show them at once."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """One input."""

    name: str
    """As `question.Moved` names it."""
    title: str
    now: float
    unit: str


@dataclass(frozen=True, slots=True)
class Switch:
    """The choice changes here."""

    factor: float
    """Of the input's present value."""
    value: float
    to: str
    """Who is chosen beyond; empty where nobody keeps every limit there."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One input: where the choice changes when it falls, and when it rises."""

    input: Input
    down: Switch | None
    up: Switch | None

    @property
    def nearest(self) -> Switch | None:
        """The nearer of the two."""
        both = [switch for switch in (self.down, self.up) if switch is not None]
        return min(both, key=lambda switch: abs(math.log(switch.factor))) if both else None

    @property
    def distance(self) -> float:
        """Natural logarithm of the nearer factor, without its sign; inf where nothing flips the choice."""
        return abs(math.log(self.nearest.factor)) if self.nearest else math.inf


@dataclass(frozen=True, slots=True)
class TwoWay:
    """Who is chosen when the two nearest inputs move together."""

    x: Input
    y: Input
    x_factors: tuple[float, ...]
    y_factors: tuple[float, ...]
    chosen: tuple[tuple[str, ...], ...]
    """A row for each y, a name for each x."""
