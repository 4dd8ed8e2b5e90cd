"""The null algorithm: it has seen how often each class occurs, or the mean, and always says that."""

from typing import Any, ClassVar

from data.datasets.contract import Task
from data.schema import Schema
from strategies.training.algorithms.contract import Algorithm


class Constant(Algorithm):
    """A tree that never splits."""

    title = "Constant (no learning)"
    summary = (
        "Answers every row alike, with the shares of the classes or the mean of the training rows. "
        "What another algorithm scores above it is what that one has learned."
    )
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass", "regression")

    def preparation(self, schema: Schema) -> None:  # noqa: ARG002
        return None

    def estimator(self, task: Task, seed: int) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        # A tree rather than scikit-learn's dummy estimators, which ONNX cannot express.
        tree = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
        return tree(min_impurity_decrease=1e300, random_state=seed)
