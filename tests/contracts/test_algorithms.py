"""What every learning algorithm must satisfy; a new one is found by itself."""

from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.discovery import kinds
from data.errors import Cancelled, InvalidValue
from data.schema import Feature, Schema
from strategies.packaging.build import build_package
from strategies.packaging.runtime import load_predictor
from strategies.training.algorithms.contract import Algorithm
from strategies.training.watch import Watch

ALGORITHMS = kinds("strategies.training.algorithms", Algorithm)
CASES = [(name, task) for name, algorithm in ALGORITHMS.items() for task in algorithm.tasks]
OUTPUTS: dict[Task, tuple[str, ...]] = {
    "binary": ("no", "yes"),
    "multiclass": ("a", "b", "c"),
    "regression": ("value",),
}
SCHEMA = Schema(
    (
        Feature("x"),
        Feature("gap", nullable=True),
        Feature("colour", "category", ("red", "green", "blue")),
        Feature("town", "category", tuple(f"town {i}" for i in range(30)), nullable=True),
        Feature("large"),  # so large that float32 rounds it to whole numbers
        Feature("empty", nullable=True),
    )
)


@cache
def rows(task: Task, n: int = 600) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Coded rows with every kind of feature and of gap, and a target that depends on them."""
    rng = np.random.default_rng(7)
    x, gap, large = rng.normal(size=n), rng.normal(size=n), rng.normal(1e7, 5, n)
    colour, town = rng.integers(0, 3, n), rng.integers(0, 30, n).astype(float)
    signal = 1.5 * x + 0.5 * gap + (colour == 2) - (town < 10) + (large - 1e7) / 5
    gap[rng.random(n) < 0.2] = np.nan
    town[rng.random(n) < 0.1] = np.nan
    X = np.stack([x, gap, colour, town, large, np.full(n, np.nan)], axis=1).astype(np.float32)
    noisy = signal + rng.normal(0, 0.3, n)
    if task == "regression":
        return X, 100 + 10 * noisy
    return X, np.digitize(noisy, [0.0] if task == "binary" else [-1.0, 1.0])


def made(name: str) -> Algorithm:
    """The algorithm with hyperparameters that suit a few hundred rows."""
    small = {"trees": 30, "max_epochs": 60}
    return ALGORITHMS[name]({k: v for k, v in small.items() if k in ALGORITHMS[name].hyperparameters.model_fields})


@cache
def fitted(name: str, task: Task, seed: int = 3) -> Any:
    X, y = rows(task)
    return made(name).fit(SCHEMA, task, X[:400], y[:400], seed)


def answers(pipeline: Any, task: Task, X: NDArray[np.float32]) -> NDArray[Any]:
    return np.asarray(pipeline.predict(X) if task == "regression" else pipeline.predict_proba(X))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_says_what_it_is_and_what_may_be_set(name: str) -> None:
    algorithm = ALGORITHMS[name]
    assert algorithm.title
    assert algorithm.summary.endswith(".")
    assert set(algorithm.tasks) <= set(get_args(Task))
    assert algorithm.tasks
    for field_name, field in algorithm.hyperparameters.model_fields.items():
        assert not field.is_required(), field_name
        assert field.description, field_name
        bounds = {kind for rule in field.metadata for kind in ("ge", "gt", "le", "lt") if hasattr(rule, kind)}
        assert bounds & {"ge", "gt"}, f"{field_name} has no lower bound"
        assert bounds & {"le", "lt"}, f"{field_name} has no upper bound"


@pytest.mark.parametrize(("name", "task"), CASES)
def test_its_package_is_onnx_and_answers_as_it_does_even_with_gaps(name: str, task: Task, tmp_path: Path) -> None:
    X, _ = rows(task)
    pipeline = fitted(name, task)
    package = build_package(pipeline, SCHEMA, task, "target", OUTPUTS[task], tmp_path, X[400:])
    assert package.manifest.format == "onnx", package.manifest.notes
    assert package.manifest.notes == ()
    edge = X[400:].copy()
    edge[:, 1] = np.nan  # every gap at once
    edge[:, 3] = np.nan
    edge[0, 2] = np.nan  # an unknown category, as Schema.encode codes it
    found = load_predictor(package).predict(edge)
    expected = answers(pipeline, task, edge).reshape(len(edge), -1)
    assert found == pytest.approx(expected, abs=1e-4 * (10 if task == "regression" else 1))
    if task != "regression":
        assert found.sum(axis=1) == pytest.approx(np.ones(len(edge)), abs=1e-5)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_seed_decides_the_model(name: str, task: Task) -> None:
    X, y = rows(task)
    again = made(name).fit(SCHEMA, task, X[:400], y[:400], 3)
    assert np.array_equal(answers(again, task, X[400:]), answers(fitted(name, task), task, X[400:]))


@pytest.mark.parametrize(("name", "task"), [case for case in CASES if case[0] != "constant"])
def test_it_learns_more_than_the_constant(name: str, task: Task) -> None:
    X, y = rows(task)
    constant = fitted("constant", task)
    gain = fitted(name, task).score(X[400:], y[400:]) - constant.score(X[400:], y[400:])
    assert gain > (0.4 if task == "regression" else 0.2)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_it_reports_progress_and_stops_when_cancelled(name: str, task: Task) -> None:
    X, y = rows(task)
    seen: list[float] = []
    made(name).fit(SCHEMA, task, X, y, 1, Watch(lambda _, done: seen.append(done)))
    assert seen == sorted(seen)
    assert seen
    assert 0 <= seen[0] <= seen[-1] <= 1
    for reports in range(min(len(seen), 3)):
        left = iter([False] * reports)
        with pytest.raises(Cancelled, match="cancelled"):
            made(name).fit(SCHEMA, task, X, y, 1, Watch(cancelled=lambda left=left: next(left, True)))


@pytest.mark.parametrize("name", ["logistic", "random_forest", "hist_gradient_boosting", "neural_network"])
def test_a_long_fit_can_be_stopped_on_the_way(name: str) -> None:
    X, y = rows("binary")
    seen: list[float] = []
    ALGORITHMS[name]().fit(SCHEMA, "binary", X, y, 1, Watch(lambda _, done: seen.append(done)))
    assert len(seen) >= 3, "it is told of a cancellation too seldom"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_it_leaves_no_trace_of_how_it_was_watched(name: str, tmp_path: Path) -> None:
    import pickle

    task = ALGORITHMS[name].tasks[0]
    file = tmp_path / "model.pickle"
    file.write_bytes(pickle.dumps(fitted(name, task)))
    assert b"strategies.training" not in file.read_bytes(), "a model must load where Drydock is not installed"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_hyperparameter_that_it_lacks_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match=rf"{name}\.depht = 3 is not a known key"):
        ALGORITHMS[name]({"depht": 3})


def test_a_hyperparameter_out_of_range_names_rule_and_meaning() -> None:
    with pytest.raises(InvalidValue, match=r"random_forest\.trees = 0 must be at least 1: .*number of trees"):
        ALGORITHMS["random_forest"]({"trees": 0})


def test_a_task_that_it_cannot_do_is_refused() -> None:
    X, y = rows("regression")
    with pytest.raises(InvalidValue, match=r"logistic.* cannot learn a regression target"):
        ALGORITHMS["logistic"]().fit(SCHEMA, "regression", X, y, 1)


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", ["random_forest", "hist_gradient_boosting"])
def test_growing_in_rounds_gives_the_model_that_one_round_gives(name: str, task: Task) -> None:
    X, y = rows(task)
    X = np.nan_to_num(X, nan=0.0)
    algorithm = ALGORITHMS[name]({"trees": 40})
    in_rounds = algorithm.fit(SCHEMA, task, X, y, 5)
    at_once = algorithm.preparation(SCHEMA)
    model = algorithm.estimator(task, 5).fit(at_once.fit_transform(X).astype(np.float32), y)
    expected = answers(model, task, at_once.transform(X).astype(np.float32))
    assert np.array_equal(answers(in_rounds, task, X), expected)
