"""What is known of a model's answers on rows that it has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.estimate import Estimate, Figure
from strategies.training.calibration import Calibration, calibration
from strategies.training.intervals import Floats
from strategies.training.ranking import Ranking, top_1
from strategies.training.scores import Codes, classification_scores, regression_scores
from strategies.training.threshold import Costs, ThresholdChoice, choose_threshold


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores on the test rows, and what else can be said of the answers to them."""

    task: Task
    rows: int
    """Number of test rows."""
    scores: Mapping[str, Figure]
    """By name: accuracy, precision, recall, f1, roc_auc, log_loss; or mae, rmse, r2."""
    baseline: Mapping[str, float]
    """The same scores (those that it has) of a model that always answers with the shares or the mean of the training
    rows: what is to be beaten."""
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    """Number of test rows by true class (row) and predicted class (column), a binary model's from its threshold."""
    calibration: Calibration | None = None
    """Of the positive class's probability, or, of several classes, of the likeliest one's."""
    threshold: ThresholdChoice | None = None
    """Binary only."""
    ranking: Ranking | None = None
    """Binary only, where the dataset's rows come in groups with one right row each."""

    @property
    def metrics(self) -> dict[str, float]:
        """All figures by name, without their intervals; what cannot be estimated is left out."""
        found = {name: score.value for name, score in self.scores.items() if isinstance(score, Estimate)}
        if self.calibration:
            found["calibration_error"] = self.calibration.expected_error
        if self.threshold:
            found["cost_per_row"] = self.threshold.test_cost
        if self.ranking:
            found |= {"top_1_hit_rate": self.ranking.hit_rate.value, "top_1_guessing": self.ranking.guessing}
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Rows with their truth and a model's answers to them."""

    y: NDArray[Any]
    """True class codes, or values (rows,)."""
    outputs: Floats
    """Class probabilities (rows, classes), or values (rows, 1)."""
    groups: NDArray[np.generic] | None = None
    """Which rows belong together (rows,), where any do."""


def evaluate_classes(
    classes: tuple[str, ...], train_y: Codes, validation: Answers, test: Answers, costs: Costs, seed: int
) -> Evaluation:
    """Evaluate a classifier: the threshold is chosen on `validation`, everything is reported on `test`.

    Parameters
    ----------
    classes
        Names by code; two make a binary task, whose second class is the positive one.
    train_y
        Codes that the model was fitted on, from which the baseline's constant answer comes.
    """
    if len(classes) > 2:
        return _many(classes, train_y, test, seed)
    positive, probability = test.y == 1, test.outputs[:, 1]
    choice = choose_threshold((validation.y == 1, validation.outputs[:, 1]), (positive, probability), costs)
    said = (probability >= choice.threshold).astype(np.intp)
    return Evaluation(
        "binary",
        len(test.y),
        classification_scores(test.y, test.outputs, said, test.groups, seed),
        _class_baseline(train_y, test.y, 2),
        classes,
        _confusion(test.y, said, 2),
        calibration(positive, probability),
        choice,
        None if test.groups is None else top_1(positive, probability, test.groups),
    )


def _many(classes: tuple[str, ...], train_y: Codes, test: Answers, seed: int) -> Evaluation:
    said = np.argmax(test.outputs, axis=1)
    return Evaluation(
        "multiclass",
        len(test.y),
        classification_scores(test.y, test.outputs, said, test.groups, seed),
        _class_baseline(train_y, test.y, len(classes)),
        classes,
        _confusion(test.y, said, len(classes)),
        calibration(said == test.y, test.outputs.max(axis=1)),
    )


def evaluate_values(train_y: Floats, test: Answers, unit: str, seed: int) -> Evaluation:
    """Evaluate a regression on `test`; `unit` is the target's."""
    scores = regression_scores(test.y, test.outputs[:, 0], unit, test.groups, seed)
    error = test.y - train_y.mean()
    squared = float((error**2).mean())
    baseline = {"mae": float(np.abs(error).mean()), "rmse": squared**0.5, "r2": 1 - squared / float(test.y.var())}
    return Evaluation("regression", len(test.y), scores, baseline)


def _class_baseline(train_y: Codes, y: Codes, classes: int) -> dict[str, float]:
    shares = np.bincount(train_y, minlength=classes) / len(train_y)
    return {
        "accuracy": float((y == shares.argmax()).mean()),
        "roc_auc": 0.5,
        "log_loss": float(-np.log(np.maximum(shares[y], 1e-15)).mean()),
    }


def _confusion(y: Codes, said: Codes, classes: int) -> tuple[tuple[int, ...], ...]:
    counts = np.bincount(y * classes + said, minlength=classes**2).reshape(classes, classes)
    return tuple(tuple(int(count) for count in row) for row in counts)
