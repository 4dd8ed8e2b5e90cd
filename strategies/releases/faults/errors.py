"""Errors on some inputs: a part of the requests that the old version answers makes the new one fail."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import DrydockError
from strategies.releases.faults.contract import Fault, Predict, in_segment


class CannotAnswer(DrydockError):
    """The faulty version does not take this input."""


@dataclass(slots=True)
class Errors(Fault):
    title: ClassVar[str] = "Errors on some inputs"
    summary: ClassVar[str] = "It fails where one feature lies above a limit, as code does that never met such values."

    feature: int = 0
    """Number of the feature, from 0."""
    above: float = 0.0

    def wrap(self, predict: Predict) -> Predict:
        def fail(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            if in_segment(rows, self.feature, self.above).any():
                raise CannotAnswer(f"feature {self.feature} above {self.above:g} is not handled.")
            return predict(rows)

        return fail
