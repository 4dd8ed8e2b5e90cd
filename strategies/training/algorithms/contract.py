"""The contract of a learning algorithm: what it can predict, what may be set, and how it is fitted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from data.datasets.contract import Task
from data.discovery import kind_name
from data.errors import InvalidValue
from data.scenario.problems import problems_of
from data.schema import Schema
from strategies.training.watch import Watch


class Hyperparameters(BaseModel):
    """What may be set; every field has a default, a range and a description, from which the page makes a form."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Algorithm(ABC):
    """One file in strategies/training/algorithms/ is one algorithm; its file's name is its name.

    A subclass names its tasks and hyperparameters, makes the unfitted transformer and estimator, and, when fitting
    takes long, overrides `fit_estimator` to report progress and to notice a cancellation on the way.
    """

    title: ClassVar[str]
    summary: ClassVar[str]
    """One or two sentences: how it decides, and what it is good and bad at."""
    tasks: ClassVar[tuple[Task, ...]]
    hyperparameters: ClassVar[type[Hyperparameters]] = Hyperparameters

    def __init__(self, parameters: Mapping[str, Any] | None = None) -> None:
        try:
            self.parameters = self.hyperparameters(**(parameters or {}))
        except ValidationError as error:
            problem = problems_of(error.errors(), parameters or {}, {(): self.hyperparameters.model_fields})[0]
            name = f"{kind_name(type(self))}.{problem.path[-1]}"
            raise InvalidValue(name, problem.value, problem.rule, problem.remedy) from None

    @abstractmethod
    def preparation(self, schema: Schema) -> Any | None:
        """Unfitted transformer of the coded matrix; None to learn from it as it is."""

    @abstractmethod
    def estimator(self, task: Task, seed: int) -> Any:
        """Unfitted scikit-learn estimator; everything random in it comes from `seed`."""

    def fit_estimator(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], watch: Watch) -> None:
        """Fit to prepared rows (rows, columns) and their targets (rows,)."""
        estimator.fit(X, y)
        watch.report(1.0)

    def fit(
        self, schema: Schema, task: Task, X: NDArray[np.float32], y: NDArray[Any], seed: int, watch: Watch | None = None
    ) -> Any:
        """A fitted scikit-learn pipeline that reads the coded matrix.

        Parameters
        ----------
        X, y
            Coded rows (rows, features) and their targets (rows,): class codes from 0, or values.
        watch
            Told of progress; `Cancelled` is raised soon after it says so.

        Raises `InvalidValue` for a task the algorithm cannot do.
        """
        from sklearn.pipeline import Pipeline

        self.check_task(task)
        watch = watch or Watch()
        prepare, model = self.preparation(schema), self.estimator(task, seed)
        prepared = X if prepare is None else np.asarray(prepare.fit_transform(X), dtype=np.float32)
        self.fit_estimator(model, prepared, y, watch)
        return Pipeline([*([] if prepare is None else [("prepare", prepare)]), ("model", model)])

    def check_task(self, task: Task) -> None:
        """Raise `InvalidValue` when it cannot do this task."""
        if task not in self.tasks:
            raise InvalidValue(
                "algorithm",
                kind_name(type(self)),
                f"cannot learn a {task} target, only {' or '.join(self.tasks)}",
                "choose another algorithm or target",
            )
