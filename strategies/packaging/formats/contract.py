"""The contract of a model format: save and load, and what a reader must know before choosing it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.errors import DrydockError
from data.schema import Schema

Safety = Literal["data", "checked", "code"]
"""What loading a file of unknown origin can do: `data` holds only numbers and names; `checked` names the types in it
before it makes any, and refuses those that it does not know; `code` runs whatever its author put in."""

Predict = Callable[[NDArray[np.float32]], NDArray[Any]]
"""Coded rows (rows, features) to class probabilities (rows, classes), or values (rows, 1)."""


class NotCarried(DrydockError):
    """The format, or what we have to write it with, cannot carry this model; the message says what it stumbles over."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a model beside its file."""

    schema: Schema
    task: Task
    target: str
    outputs: tuple[str, ...]
    """Class names in the order of the probabilities, or the target's name for a regression."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model to save."""

    pipeline: Any
    """Fitted scikit-learn pipeline that reads the coded float32 matrix."""
    about: About


class Format(ABC):
    """One file in strategies/packaging/formats/ is one format; its file's name is its name."""

    title: ClassVar[str]
    suffix: ClassVar[str]
    """What its files' names end with; empty for a folder."""
    safety: ClassVar[Safety]
    carries: ClassVar[str]
    cannot: ClassVar[str]
    readers: ClassVar[str]
    """Who can load it."""
    reads_gaps: ClassVar[bool] = True
    """Whether what loads it here reads rows with missing values; otherwise parity is on the others."""

    def missing(self) -> str:
        """Empty when it can be used here; otherwise why not, and what would change that."""
        return ""

    @abstractmethod
    def save(self, model: Fitted, path: Path) -> None:
        """Write the model; raises `NotCarried` when the format cannot hold it."""

    @abstractmethod
    def load(self, path: Path, about: About) -> Predict:
        """Load a file that `save` wrote and nobody touched since: for some formats, loading any other runs its code."""


def predictor_of(pipeline: Any, task: Task) -> Predict:
    """What a loaded scikit-learn pipeline answers, as all formats answer it."""
    answer = pipeline.predict if task == "regression" else pipeline.predict_proba
    return lambda x: np.asarray(answer(x), dtype=np.float64).reshape(len(x), -1)
