"""The learning curve tells over- from underfitting on rows where which it is is known."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import Cancelled
from data.schema import Feature, Schema
from strategies.training import learning_curve as module
from strategies.training.algorithms.contract import Algorithm
from strategies.training.learning_curve import LearningCurve, LearningPoint, diagnose, learning_curve
from strategies.training.splits import Split
from strategies.training.watch import Watch

SCHEMA = Schema((Feature("a"), Feature("b")))


def curve(name: str, y: NDArray[np.intp], X: NDArray[np.float32], **more: object) -> LearningCurve:
    algorithm = kind("strategies.training.algorithms", Algorithm, name)  # type: ignore[type-abstract]
    rows = np.arange(len(y))
    split = Split(rows[: len(y) // 2], rows[len(y) // 2 :], rows[:0], "half")
    return learning_curve(algorithm(more.pop("parameters", {})), SCHEMA, "binary", X, y, split, seed=1, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module", name="X")
def rows() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(1_200, 2)).astype(np.float32)


def test_noise_learned_by_heart_is_overfitting(X: NDArray[np.float32]) -> None:
    y = np.random.default_rng(1).integers(0, 2, len(X))
    deep = {"trees": 20, "max_depth": 64, "min_samples_leaf": 1}
    found = curve("random_forest", y, X, parameters=deep)
    assert found.verdict == "overfits"
    assert found.points[-1].training > 0.95
    assert found.points[-1].validation < 0.6
    assert "overfits" in found.diagnosis


def test_a_line_through_a_chequerboard_is_underfitting(X: NDArray[np.float32]) -> None:
    found = curve("logistic", ((X[:, 0] > 0) ^ (X[:, 1] > 0)).astype(np.intp), X)
    assert found.verdict == "underfits"
    assert "no learning scores 0.500" in found.diagnosis


def test_what_holds_for_other_rows_fits(X: NDArray[np.float32]) -> None:
    found = curve("logistic", (X[:, 0] > 0).astype(np.intp), X)
    assert found.verdict == "fits"
    assert found.points[-1].validation > 0.95
    assert found.complete
    sizes = [point.rows for point in found.points]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 600


def test_its_cost_is_bounded_by_rows_and_by_time(X: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    y = (X[:, 0] > 0).astype(np.intp)
    assert curve("logistic", y, X, max_rows=200).points[-1].rows == 200
    ticks = itertools.count(step=10.0)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    short = curve("logistic", y, X, max_s=15.0)
    assert len(short.points) == 2
    assert not short.complete


def test_it_can_be_cancelled(X: NDArray[np.float32]) -> None:
    left = iter([False] * 3)
    with pytest.raises(Cancelled, match="learning curve"):
        curve("logistic", (X[:, 0] > 0).astype(np.intp), X, watch=Watch(cancelled=lambda: next(left, True)))


@pytest.mark.parametrize(
    ("before", "last", "floor", "verdict", "advice"),
    [
        ((0.99, 0.70), (0.98, 0.75), 0.5, "overfits", "more rows would probably help"),
        ((0.56, 0.55), (0.55, 0.55), 0.5, "underfits", "more rows would change little"),
        ((0.90, 0.88), (0.90, 0.89), 0.5, "fits", "more rows would probably help"),
        ((0.30, 0.28), (0.29, 0.285), 0.0, "fits", "more rows would change little"),
        ((0.95, 0.94), (0.95, 0.94), 0.94, "fits", "more rows would change little"),
    ],
)
def test_the_diagnosis_follows_from_the_numbers(
    before: tuple[float, float], last: tuple[float, float], floor: float, verdict: str, advice: str
) -> None:
    points = LearningPoint(100, *before), LearningPoint(400, *last)
    if floor == 0.94:  # accuracy of 0.95 where always saying the commonest class gives 0.94
        verdict = "underfits"
    found, words = diagnose(points, "score", floor)
    assert found == verdict
    assert advice in words
    assert f"{last[0]:.3f}" in words
    assert f"{last[1]:.3f}" in words
