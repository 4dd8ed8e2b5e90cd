"""Slower: each prediction is computed many times over, as a heavier model would."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.releases.faults.contract import Fault, Predict


@dataclass(slots=True)
class Slower(Fault):
    title: ClassVar[str] = "Slower"
    summary: ClassVar[str] = "Every prediction takes many times as long."

    times: int = 20

    def __post_init__(self) -> None:
        if self.times < 2:
            raise InvalidValue("times", self.times, "must be at least 2", "give how many times it computes each answer")

    def wrap(self, predict: Predict) -> Predict:
        def slow(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            for _ in range(self.times - 1):
                predict(rows)
            return predict(rows)

        return slow
