"""Linear regression: a weighted sum of the features."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from data.datasets.contract import Task
from data.schema import Schema
from strategies.training.algorithms.contract import Algorithm, Hyperparameters
from strategies.training.encoding import preparation
from strategies.training.watch import Watch


class LinearParameters(Hyperparameters):
    """What may be set."""

    penalty: float = Field(
        1.0, ge=1e-6, le=1e6, description="Strength of the ridge penalty; larger keeps the weights smaller."
    )


class Linear(Algorithm):
    """Ridge regression on scaled numbers and one column per category name."""

    title = "Linear regression"
    summary = (
        "Adds up the features with a weight each. Fast, small and easy to explain; blind to interactions and curves."
    )
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    hyperparameters = LinearParameters
    parameters: LinearParameters

    def preparation(self, schema: Schema) -> Any:
        return preparation(schema, one_hot_up_to=None, impute=True, scale=True)

    def estimator(self, task: Task, seed: int) -> Any:  # noqa: ARG002
        from sklearn.linear_model import Ridge

        return Ridge(alpha=self.parameters.penalty, random_state=seed)

    def fit_estimator(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], watch: Watch) -> None:
        # The normal equations square the rounding errors, so they are set up in double precision.
        estimator.fit(X.astype(np.float64), y)
        watch.report(1.0)
