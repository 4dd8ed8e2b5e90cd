"""What can be wrong with a plan.

DrydockError
├── InvalidValue
│   └── InvalidPlan       a plan contradicts itself: unknown station, cycle, impossible number
└── UnsupportedPlan       an engine cannot express part of the plan, and does not approximate it
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
