"""Random forest: many deep trees, each grown on a random sample, and their mean."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from data.datasets.contract import Task
from data.schema import Schema
from strategies.training.algorithms._rounds import grow
from strategies.training.algorithms.contract import Algorithm, Hyperparameters
from strategies.training.encoding import preparation
from strategies.training.watch import Watch


class ForestParameters(Hyperparameters):
    """What may be set."""

    trees: int = Field(
        100, ge=1, le=2_000, description="Number of trees; more steady the answer, and size and latency grow in step."
    )
    max_depth: int = Field(14, ge=1, le=64, description="Number of questions that a tree may ask in a row.")
    min_samples_leaf: int = Field(
        3, ge=1, le=10_000, description="Number of rows that a leaf must hold; more resist noise."
    )
    max_features: float = Field(0.3, gt=0, le=1, description="Share of the features that each split may choose from.")


class RandomForest(Algorithm):
    """Random forest on codes: small categories as columns, large ones as they are."""

    title = "Random forest"
    summary = (
        "Grows many deep trees on random samples and takes their mean. Sturdy with little tuning; "
        "large, and slower to answer than the others."
    )
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass", "regression")
    hyperparameters = ForestParameters
    parameters: ForestParameters

    def preparation(self, schema: Schema) -> Any | None:
        return preparation(schema, one_hot_up_to=16, impute=True, scale=False)

    def estimator(self, task: Task, seed: int) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        chosen = self.parameters
        forest = RandomForestRegressor if task == "regression" else RandomForestClassifier
        return forest(
            chosen.trees,
            max_depth=chosen.max_depth,
            min_samples_leaf=chosen.min_samples_leaf,
            max_features=chosen.max_features,
            random_state=seed,
        )

    def fit_estimator(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], watch: Watch) -> None:
        def fit_up_to(trees: int) -> None:
            estimator.set_params(n_estimators=trees).fit(X, y)

        estimator.set_params(warm_start=True, n_jobs=-1)
        grow(fit_up_to, self.parameters.trees, watch)
        # A pool of threads takes longer to start than one row takes to answer.
        estimator.set_params(warm_start=False, n_jobs=None)
