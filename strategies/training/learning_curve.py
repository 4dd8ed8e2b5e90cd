"""How the score grows with the rows learned from, and what that says about over- and underfitting."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.schema import Schema
from strategies.training.algorithms.contract import Algorithm
from strategies.training.intervals import Floats
from strategies.training.scores import area_under_roc
from strategies.training.splits import Rows, Split
from strategies.training.watch import Watch

SIZES = 5
SMALLEST = 50
MAX_ROWS = 20_000
"""Most rows that one fit of the curve learns from, so that the curve costs little beside the training itself."""
MAX_SCORED = 5_000
MAX_S = 60.0
"""After this long no larger size is begun."""

SCORE_OF: dict[Task, str] = {"binary": "ROC-AUC", "multiclass": "accuracy", "regression": "R²"}
Verdict = Literal["overfits", "underfits", "fits"]


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """One fit on some of the training rows."""

    rows: int
    training: float
    """Score on rows that it learned from."""
    validation: float
    """Score on validation rows."""


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """Scores by number of rows learned from; for every score more is better and 1 is perfect."""

    score: str
    floor: float
    """Score of a model that has learned nothing."""
    points: tuple[LearningPoint, ...]
    verdict: Verdict
    diagnosis: str
    """The verdict in words, with the numbers it rests on and what to try."""
    complete: bool = True
    """False when the time was up before the largest size."""


def learning_curve(
    algorithm: Algorithm,
    schema: Schema,
    task: Task,
    X: NDArray[np.float32],
    y: NDArray[Any],
    split: Split,
    *,
    seed: int,
    watch: Watch | None = None,
    max_rows: int = MAX_ROWS,
    max_s: float = MAX_S,
) -> LearningCurve:
    """Fit on growing, nested samples of the training rows and score each on rows it has seen and has not.

    `X` (rows, features) and `y` (rows,) are all rows; `split` says which are which. At most `max_rows` are learned from
    at once, and when `max_s` have gone by no further size is begun.
    """
    watch, rng = watch or Watch(), np.random.default_rng(seed)
    learn = _nested_order(rng.permutation(split.train), y, task)[:max_rows]
    judge = rng.permutation(split.validation)[:MAX_SCORED]
    sizes, points, began_s = _sizes(len(learn)), list[LearningPoint](), time.perf_counter()
    for i, size in enumerate(sizes):
        part = watch.part("learning curve", sum(sizes[:i]) / sum(sizes), sum(sizes[: i + 1]) / sum(sizes))
        points.append(_point(algorithm, schema, task, X, y, learn[:size], judge, seed, part))
        if time.perf_counter() - began_s > max_s:
            break
    floor = _floor(task, y[split.train], y[judge])
    verdict, diagnosis = diagnose(tuple(points), SCORE_OF[task], floor)
    return LearningCurve(SCORE_OF[task], floor, tuple(points), verdict, diagnosis, len(points) == len(sizes))


def diagnose(points: tuple[LearningPoint, ...], score: str, floor: float) -> tuple[Verdict, str]:
    """What the curve's end says.

    With 1 as the best score and `floor` as that of no learning, the model *underfits* when even on its own rows it
    gains less than a fifth of what there is to gain; otherwise it *overfits* when on rows it has not seen it loses more
    than a quarter of what it gained, and at least 0.05.
    """
    last = points[-1]
    gained, lost = last.training - floor, last.training - last.validation
    seen = f"{score} is {last.training:.3f} on the {last.rows:,} rows learned from and {last.validation:.3f} on others"
    more = _more_rows(points, score, floor)
    if gained < 0.2 * (1 - floor):
        remedy = "Try a more flexible model or features that say more"
        return "underfits", f"{seen}, where no learning scores {floor:.3f}: it underfits. {remedy}. {more}"
    if lost > max(0.05, 0.25 * gained):
        remedy = "Try a simpler model (less depth, larger leaves, a stronger penalty)"
        return "overfits", f"{seen}: it has learned its rows by heart and overfits. {remedy}. {more}"
    return "fits", f"{seen}: what it has learned holds for rows it has not seen. {more}"


def _more_rows(points: tuple[LearningPoint, ...], score: str, floor: float) -> str:
    if len(points) < 2:
        return "A single size says nothing about more rows."
    before, last = points[-2], points[-1]
    rise = last.validation - before.validation
    trend = f"From {before.rows:,} to {last.rows:,} rows the validation {score} went {rise:+.3f}"
    return f"{trend}: more rows would {'probably help' if rise > 0.01 * (1 - floor) else 'change little'}."


def _point(
    algorithm: Algorithm,
    schema: Schema,
    task: Task,
    X: NDArray[np.float32],
    y: NDArray[Any],
    learn: Rows,
    judge: Rows,
    seed: int,
    watch: Watch,
) -> LearningPoint:
    pipeline = algorithm.fit(schema, task, X[learn], y[learn], seed, watch)
    training, validation = (_score(pipeline, task, X[rows], y[rows]) for rows in (learn[:MAX_SCORED], judge))
    return LearningPoint(len(learn), training, validation)


def _score(pipeline: Any, task: Task, X: NDArray[np.float32], y: NDArray[Any]) -> float:
    if task == "binary" and 0 < np.count_nonzero(y) < len(y):
        probability: Floats = pipeline.predict_proba(X)[:, 1]
        return area_under_roc(y == 1, probability)[0]
    return float(pipeline.score(X, y))


def _floor(task: Task, train_y: NDArray[Any], y: NDArray[Any]) -> float:
    if task == "binary":
        return 0.5
    return 0.0 if task == "regression" else float((y == np.bincount(train_y).argmax()).mean())


def _sizes(largest: int) -> list[int]:
    smallest = min(SMALLEST, largest)
    return [int(size) for size in np.unique(np.geomspace(smallest, largest, SIZES).round())]


def _nested_order(rows: Rows, y: NDArray[Any], task: Task) -> Rows:
    """The same rows with three of each class first, so that the smallest sample knows every class."""
    if task == "regression":
        return rows
    first = np.concatenate([np.flatnonzero(y[rows] == code)[:3] for code in np.unique(y[rows])])
    rest = np.setdiff1d(np.arange(len(rows)), first)
    ordered: Rows = rows[np.concatenate([first, rest])]
    return ordered
