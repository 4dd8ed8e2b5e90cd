"""Crashes: after so many requests the process is gone, in the middle of answering."""

import os
import signal
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.releases.faults.contract import Fault, Predict


@dataclass(slots=True)
class Crashes(Fault):
    title: ClassVar[str] = "Crashes"
    summary: ClassVar[str] = "After some requests its process dies while it answers, and stays dead."

    after: int = 50
    _served: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.after < 0:
            raise InvalidValue("after", self.after, "must not be negative", "give the requests that it survives")

    @property
    def fails_after(self) -> tuple[int, Literal["errors", "death"]] | None:
        return self.after, "death"

    def begin(self) -> None:
        self._served = 0

    def wrap(self, predict: Predict) -> Predict:
        self._served = -1_000_000  # until `begin`, the server tries its model out

        def answer(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            if self._served + len(rows) > self.after:
                os.kill(os.getpid(), signal.SIGKILL)
            self._served += len(rows)
            return predict(rows)

        return answer
