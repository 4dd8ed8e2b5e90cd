"""Histogram gradient boosting: small trees, each grown to correct the ones before it."""

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

_ROWS_FOR_ONE_THREAD = 20_000  # for fewer, threads wait for each other longer than they work


class BoostingParameters(Hyperparameters):
    """What may be set."""

    trees: int = Field(
        200, ge=1, le=5_000, description="Number of trees, at most, one after the other; each class has its own."
    )
    learning_rate: float = Field(0.08, gt=0, le=1, description="Share of the error that each tree corrects.")
    max_leaf_nodes: int = Field(31, ge=2, le=1_024, description="Number of leaves that a tree may have.")
    min_samples_leaf: int = Field(
        20, ge=1, le=10_000, description="Number of rows that a leaf must hold; more resist noise."
    )
    patience: int = Field(
        15,
        ge=1,
        le=1_000,
        description="Number of trees without gain on a tenth of the rows after which it stops, with over 10,000.",
    )


class HistGradientBoosting(Algorithm):
    """Gradient boosting on codes: small categories as columns, large ones as they are; reads missing numbers itself."""

    title = "Gradient boosting"
    summary = (
        "Grows small trees one after the other, each correcting what is still wrong. Often the most accurate on "
        "tables; needs its learning rate and number of trees to fit each other."
    )
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass", "regression")
    hyperparameters = BoostingParameters
    parameters: BoostingParameters

    def preparation(self, schema: Schema) -> Any | None:
        return preparation(schema, one_hot_up_to=16, impute=False, scale=False)

    def estimator(self, task: Task, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        chosen = self.parameters
        boosting = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
        return boosting(
            max_iter=chosen.trees,
            learning_rate=chosen.learning_rate,
            max_leaf_nodes=chosen.max_leaf_nodes,
            min_samples_leaf=chosen.min_samples_leaf,
            n_iter_no_change=chosen.patience,
            random_state=seed,
        )

    def fit_estimator(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], watch: Watch) -> None:
        from threadpoolctl import threadpool_limits

        known = self._without_hardly_known(X)

        def fit_up_to(trees: int) -> bool:
            estimator.set_params(max_iter=trees).fit(known, y)
            return bool(estimator.n_iter_ == trees)  # fewer: it stopped early

        estimator.set_params(warm_start=True)
        with threadpool_limits(1 if len(X) <= _ROWS_FOR_ONE_THREAD else None):
            # Each round sorts the rows into bins anew, whatever its size.
            grow(fit_up_to, self.parameters.trees, watch, first=10, least_growth=0.5)
        estimator.set_params(warm_start=False)
        _snap_thresholds(estimator)

    def _without_hardly_known(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rows with 0 in every column that has too few values to split on: bins cannot be made of none at all."""
        hardly = (~np.isnan(X)).sum(axis=0) < max(self.parameters.min_samples_leaf, 10)
        return np.where(hardly, np.float32(0), X) if hardly.any() else X


def _snap_thresholds(estimator: Any) -> None:
    """Round each threshold down to float32, which is how ONNX keeps it.

    A float32 value is at most the one if and only if it is at most the other, so no answer changes; rounded to the
    nearest, a threshold could pass a value that lies between.
    """
    for predictor in [tree for trees in estimator._predictors for tree in trees]:
        exact = predictor.nodes["num_threshold"]
        nearest = exact.astype(np.float32)
        below = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
        predictor.nodes["num_threshold"] = below
