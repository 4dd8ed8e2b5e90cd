"""The contract of a fault: what goes wrong in a new version, done for real in the process that serves it."""

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from strategies.packaging.package import ModelPackage

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Encoded rows (n, features) to outputs (n, k)."""


@dataclass(slots=True)
class Fault(ABC):
    """One file in strategies/releases/faults/ is one fault; its fields are its settings.

    A kind overrides `wrap`, or `package` where the fault is in the model itself.
    """

    title: ClassVar[str]
    summary: ClassVar[str]

    def package(self, model: ModelPackage, folder: Path) -> ModelPackage:
        """The package that the faulty version serves; `folder` takes one that is made for it."""
        del folder
        return model

    def wrap(self, predict: Predict) -> Predict:
        """What the faulty version does instead of `predict`."""
        return predict

    def begin(self) -> None:
        """From now on requests are users': what the process tried while it started does not count."""
        return

    @property
    def fails_after(self) -> tuple[int, Literal["errors", "death"]] | None:
        """After how many requests it answers no more, and whether it then fails each or its process dies."""
        return None


def in_segment(rows: NDArray[np.float32], feature: int, above: float) -> NDArray[np.bool_]:
    """Rows whose value of a feature lies above a limit; missing ones do not. (n,)"""
    found: NDArray[np.bool_] = rows[:, feature] > above
    return found


def segment_limit(rows: NDArray[np.float32], feature: int, share: float) -> float:
    """The limit above which about this share of the rows lies."""
    return float(np.nanquantile(rows[:, feature], 1 - share))
