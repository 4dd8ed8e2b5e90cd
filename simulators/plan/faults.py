"""Disturbances at given moments: the "what if" of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.plan._rules import not_negative, positive, whole
from simulators.plan.errors import InvalidPlan
from simulators.plan.scaling import MAX_REPLICAS


@dataclass(frozen=True)
class Kill:
    """A replica dies at `at_s` with everything it holds, and starts up again `down_s` later."""

    unit: str
    at_s: float
    down_s: float
    replica: int | None = 0
    """Number of the replica; None kills all of the unit's."""

    def __post_init__(self) -> None:
        not_negative("at_s", self.at_s)
        positive("down_s", self.down_s)
        if self.replica is not None:
            whole("replica", self.replica, 0, MAX_REPLICAS)


@dataclass(frozen=True)
class Slow:
    """Services that begin in [from_s, until_s) take `factor` times as long: a slow dependency."""

    station: str
    from_s: float
    until_s: float
    factor: float

    def __post_init__(self) -> None:
        not_negative("from_s", self.from_s)
        positive("factor", self.factor)
        if not self.until_s > self.from_s:
            raise InvalidPlan("until_s", self.until_s, f"must be after from_s ({self.from_s})", "give a later moment")


Fault = Kill | Slow
