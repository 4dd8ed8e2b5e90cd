"""What a learner says: answers to questions, and the prediction."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question, the last one given."""

    given: float
    """The place of the option, from 0, or the number."""
    right: bool
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the learner committed to before the first run."""

    direction: int
    """Place of the option, from 0."""
    number: float
    confidence: int
    """In percent: how sure they were of the direction."""

    def to_dict(self) -> dict[str, Any]:
        return {"direction": self.direction, "number": self.number, "confidence": self.confidence}
