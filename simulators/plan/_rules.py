"""The checks that the plan's values share; each raises `InvalidPlan` with value, rule and remedy."""

import math
import re
from collections.abc import Collection

from simulators.plan.errors import InvalidPlan

SHORTEST_PERIOD_S = 0.001
_NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,63}$")


def named(what: str, value: object) -> None:
    if not isinstance(value, str) or not _NAME.match(value):
        raise InvalidPlan(
            what, value, "must be 1 to 64 of a-z, 0-9, '_', '.', '-'", "start with a letter or digit, as in 'model'"
        )


def positive(what: str, value: float, remedy: str = "give a finite number above 0") -> None:
    if not _number(value) or not value > 0:
        raise InvalidPlan(what, value, "must be above 0 and finite", remedy)


def not_negative(what: str, value: float, remedy: str = "give 0 or more") -> None:
    if not _number(value) or value < 0:
        raise InvalidPlan(what, value, "must not be negative and must be finite", remedy)


def regular(what: str, value: float) -> None:
    """A period of something that happens over and over, whether or not requests come."""
    if not _number(value) or value < SHORTEST_PERIOD_S:
        rule = f"must be {SHORTEST_PERIOD_S:g} s or more: it happens as often for as long as the simulation runs"
        raise InvalidPlan(what, value, rule, "give a longer period, in seconds")


def share(what: str, value: float) -> None:
    if not _number(value) or not 0 <= value <= 1:
        raise InvalidPlan(what, value, "must be between 0 and 1", "give a share, such as 0.05 for 5%")


def whole(what: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidPlan(
            what, value, f"must be a whole number from {low:,} to {high:,}", "give a number in that range"
        )


def filled(what: str, values: Collection[object], remedy: str) -> None:
    if not values:
        raise InvalidPlan(what, tuple(values), "must not be empty", remedy)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
