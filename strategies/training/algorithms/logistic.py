"""Logistic regression: a weighted sum of the features, turned into class probabilities."""

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from data.datasets.contract import Task
from data.schema import Schema
from strategies.training.algorithms.contract import Algorithm, Hyperparameters
from strategies.training.encoding import preparation
from strategies.training.watch import Watch


class LogisticParameters(Hyperparameters):
    """What may be set."""

    inverse_penalty: float = Field(
        1.0,
        ge=1e-6,
        le=1e6,
        description="Inverse of the strength of the penalty (scikit-learn's C); smaller keeps the weights smaller.",
    )
    max_iterations: int = Field(300, ge=1, le=10_000, description="Number of steps of the solver before it gives up.")


class Logistic(Algorithm):
    """Logistic regression on scaled numbers and one column per category name."""

    title = "Logistic regression"
    summary = (
        "Weighs each feature for and against each class. Fast, small, well calibrated and easy to explain; "
        "blind to interactions and curves."
    )
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass")
    hyperparameters = LogisticParameters
    parameters: LogisticParameters

    def preparation(self, schema: Schema) -> Any:
        return preparation(schema, one_hot_up_to=None, impute=True, scale=True)

    def estimator(self, task: Task, seed: int) -> Any:  # noqa: ARG002
        from sklearn.linear_model import LogisticRegression

        chosen = self.parameters
        return LogisticRegression(C=chosen.inverse_penalty, max_iter=chosen.max_iterations, random_state=seed)

    def fit_estimator(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], watch: Watch) -> None:
        from sklearn.exceptions import ConvergenceWarning

        estimator.set_callbacks(_EachIteration(watch, self.parameters.max_iterations))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # In single precision the solver stops short of the optimum.
            estimator.fit(X.astype(np.float64), y)
        estimator.set_callbacks()
        if estimator.n_iter_.max() >= self.parameters.max_iterations:
            watch.notes.append(
                f"Logistic regression stopped after {self.parameters.max_iterations} iterations without converging."
            )
        watch.report(1.0)


class _EachIteration:
    """Reports after each iteration of the solver; scikit-learn's FitCallback protocol."""

    def __init__(self, watch: Watch, iterations: int) -> None:
        self.watch, self.iterations, self.done = watch, iterations, 0

    def setup(self, estimator: Any, context: Any) -> None:
        """Part of the protocol; nothing to do."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Part of the protocol; nothing to do."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Part of the protocol; nothing to do."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:  # noqa: ARG002
        self.done += 1
        self.watch.report(self.done / self.iterations)
