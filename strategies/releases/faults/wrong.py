"""Silently wrong on a segment: quick, without an error, and wrong."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from strategies.releases.faults.contract import Fault, Predict, in_segment


@dataclass(slots=True)
class Wrong(Fault):
    title: ClassVar[str] = "Silently wrong on a segment"
    summary: ClassVar[str] = "Where one feature lies above a limit it names another class, or twice the value."

    feature: int = 0
    """Number of the feature, from 0."""
    above: float = 0.0

    def wrap(self, predict: Predict) -> Predict:
        def mislead(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            outputs = predict(rows)
            hit = in_segment(rows, self.feature, self.above)
            if not hit.any():
                return outputs
            outputs = outputs.copy()
            outputs[hit] = np.roll(outputs[hit], 1, axis=1) if outputs.shape[1] > 1 else 2 * outputs[hit] + 1
            return outputs

        return mislead
