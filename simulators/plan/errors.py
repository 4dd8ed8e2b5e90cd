"""What can be wrong with a plan.

DrydockError
├── InvalidValue
│   └── InvalidPlan       a plan contradicts itself: unknown station, cycle, impossible number
├── UnsupportedPlan       an engine cannot express part of the plan, and does not approximate it
└── Unfinished            requests are still waiting long after the last one arrived
"""

from data.errors import DrydockError, InvalidValue


class InvalidPlan(InvalidValue):
    """A plan contradicts itself; the message names the value, the rule and the remedy."""


class UnsupportedPlan(DrydockError):
    """An engine cannot express something the plan asks for."""

    def __init__(self, engine: str, what: str, remedy: str) -> None:
        self.engine, self.what, self.remedy = engine, what, remedy.rstrip(".")
        super().__init__(f"the engine {engine!r} cannot express {what}: {self.remedy}.")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.engine, self.what, self.remedy)


class Unfinished(DrydockError):
    """A run was given up: `left` requests had not ended by `at_s`, long after the last one arrived."""

    def __init__(self, at_s: float, left: int) -> None:
        self.at_s, self.left = at_s, left
        super().__init__(
            f"{left:,} requests have not ended after {at_s:,.0f} simulated seconds: the plan is offered far more than "
            "it can do, or something they wait for never comes. Lower the rate, add workers or limit the queue."
        )

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.at_s, self.left)
