"""A small neural network: layers of weighted sums with a bend in between."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from data.datasets.contract import Task
from data.schema import Schema
from strategies.training.algorithms.contract import Algorithm, Hyperparameters
from strategies.training.encoding import preparation
from strategies.training.watch import Watch


class NetworkParameters(Hyperparameters):
    """What may be set."""

    width: int = Field(64, ge=1, le=1_024, description="Number of units in each hidden layer.")
    layers: int = Field(1, ge=1, le=5, description="Number of hidden layers.")
    learning_rate: float = Field(1e-3, ge=1e-5, le=1, description="First step size of the Adam optimiser.")
    penalty: float = Field(1e-4, ge=0, le=100, description="Strength of the L2 penalty on the weights.")
    max_epochs: int = Field(100, ge=1, le=5_000, description="Number of passes over the rows, at most.")
    patience: int = Field(
        8, ge=1, le=1_000, description="Number of passes without gain on a tenth of the rows before it stops."
    )


class NeuralNetwork(Algorithm):
    """A multi-layer perceptron on scaled numbers and one column per category name."""

    title = "Neural network"
    summary = (
        "Learns its own combinations of the features in layers. Finds curves and interactions, answers fast; "
        "needs more rows and time to learn, and is hard to explain."
    )
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass", "regression")
    hyperparameters = NetworkParameters
    parameters: NetworkParameters

    def preparation(self, schema: Schema) -> Any:
        return preparation(schema, one_hot_up_to=None, impute=True, scale=True)

    def estimator(self, task: Task, seed: int) -> Any:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        chosen = self.parameters
        network = MLPRegressor if task == "regression" else MLPClassifier
        return network(
            hidden_layer_sizes=(chosen.width,) * chosen.layers,
            alpha=chosen.penalty,
            learning_rate_init=chosen.learning_rate,
            max_iter=chosen.max_epochs,
            random_state=seed,
        )

    def fit_estimator(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], watch: Watch) -> None:
        from threadpoolctl import threadpool_limits

        seed = estimator.random_state
        # One stream through all epochs: given the seed itself, scikit-learn would shuffle each epoch alike.
        estimator.random_state = np.random.RandomState(seed)
        learn = self._run_epochs if hasattr(estimator, "predict_proba") else self._fit_scaled
        with threadpool_limits(1):  # a batch is too small for threads to share
            learn(estimator, X, y, seed, watch)
        estimator.random_state = seed
        del estimator._optimizer  # twice the size of the weights, and of use only to go on learning

    def _fit_scaled(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], seed: int, watch: Watch) -> None:
        """Learn the target at mean 0 and variance 1; the last layer, which is linear, then undoes the scaling."""
        centre, spread = float(np.mean(y)), float(np.std(y)) or 1.0
        self._run_epochs(estimator, X, ((y - centre) / spread).astype(np.float32), seed, watch)
        estimator.coefs_[-1] = estimator.coefs_[-1] * np.float32(spread)
        estimator.intercepts_[-1] = estimator.intercepts_[-1] * np.float32(spread) + np.float32(centre)

    def _run_epochs(self, estimator: Any, X: NDArray[np.float32], y: NDArray[Any], seed: int, watch: Watch) -> None:
        """Pass over the rows until a tenth that is kept aside sees no gain; keep the weights that did best on it."""
        more = {"classes": np.unique(y)} if hasattr(estimator, "predict_proba") else {}
        learn, judge = _kept_aside(X, y, seed, stratify=bool(more))
        weights: tuple[list[Any], list[Any]]
        best, best_epoch, weights = np.inf, 0, ([], [])
        for epoch in range(self.parameters.max_epochs):
            estimator.partial_fit(X[learn], y[learn], **more)
            loss = _loss(estimator, X[judge], y[judge])
            if loss < best or epoch == 0:
                best, best_epoch, weights = loss, epoch, _weights(estimator)
            watch.report((epoch + 1) / self.parameters.max_epochs)
            if epoch - best_epoch >= self.parameters.patience:
                break
        estimator.coefs_, estimator.intercepts_ = weights


def _kept_aside(X: NDArray[np.float32], y: NDArray[Any], seed: int, *, stratify: bool) -> list[NDArray[np.intp]]:
    from sklearn.model_selection import train_test_split

    # A class with a single row cannot be on both sides; then chance decides alone.
    by_class = y if stratify and np.unique(y, return_counts=True)[1].min() >= 10 else None
    parts: list[NDArray[np.intp]] = train_test_split(
        np.arange(len(X)), test_size=0.1, stratify=by_class, random_state=seed
    )
    return parts


def _weights(estimator: Any) -> tuple[list[Any], list[Any]]:
    return [c.copy() for c in estimator.coefs_], [i.copy() for i in estimator.intercepts_]


def _loss(estimator: Any, X: NDArray[np.float32], y: NDArray[Any]) -> float:
    """Log loss of a classifier, whose classes are 0 … k-1 in order; mean squared error of a regression."""
    if not hasattr(estimator, "predict_proba"):
        return float(np.mean((estimator.predict(X) - y) ** 2))
    places = np.searchsorted(estimator.classes_, y)
    chosen = estimator.predict_proba(X)[np.arange(len(X)), places]
    return float(-np.mean(np.log(np.maximum(chosen, 1e-15))))
