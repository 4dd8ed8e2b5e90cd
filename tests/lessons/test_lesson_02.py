"""Runtime environments: what the lesson claims of the two formulas, and what an environment that fails leaves."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from data.errors import Cancelled, Unavailable
from data.estimate import Estimate, TooFew
from data.estimates import share
from lessons.catalogue import experiment
from lessons.experiments import _environments
from lessons.experiments._environments import environment
from lessons.experiments._letters import TRAINED_ON

MOST_WRONG = importlib.import_module("lessons.experiments.02_runtime_environments").MOST_WRONG


@pytest.mark.parametrize("seed", range(20))
def test_the_new_formula_names_the_same_digits_and_is_surer(seed: int) -> None:
    """The installed scikit-learn has one-against-the-rest as a class of its own: an oracle for the old release."""
    pixels, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(digits))
    known, held_out = order[:TRAINED_ON], order[TRAINED_ON:]
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression(C=0.05, max_iter=200)))
    with threadpool_limits(1):
        model.fit(pixels[known], digits[known])
    old, scores = model.predict_proba(pixels[held_out]), model.decision_function(pixels[held_out])
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    new = odds / odds.sum(axis=1, keepdims=True)
    assert np.array_equal(old.argmax(axis=1), new.argmax(axis=1))
    sorted_old, sorted_new = (float((answers.max(axis=1) >= 0.7).mean()) for answers in (old, new))
    assert 0.68 < sorted_old < 0.80, "the text says nearly three quarters"
    assert sorted_new > sorted_old + 0.08
    wrong = (old.argmax(axis=1) != digits[held_out])[old.max(axis=1) >= 0.7]
    assert share(int(wrong.sum()), len(wrong)).high <= MOST_WRONG, "with the lock file the SLO holds at the start"


def test_scikit_learn_pinned_alone_does_not_even_load(home: Path) -> None:  # noqa: ARG001 - builds there
    lesson = experiment("02_runtime_environments")
    settings = {**lesson.setup(), "production": "one"}
    record = lesson.run(settings, seed=7, progress=lambda *_: None, cancelled=lambda: False)
    assert "numpy.dtype size changed" in record.facts["happened"]
    machine, changed, forest = (record.figures[name] for name in ("machine", "changed", "forest"))
    assert isinstance(machine, Estimate)
    assert isinstance(changed, Estimate)
    assert isinstance(forest, Estimate)
    assert machine.value == 0
    assert changed.value == pytest.approx(0.72 * changed.n, rel=0.1), "all that the machine would have sorted"
    assert forest.value == forest.n
    assert isinstance(record.figures["moved"], TooFew)
    assert record.outcome.direction == 3
    assert not lesson.check(record).passed


@pytest.fixture
def offline(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UV_OFFLINE", "1")
    return home


def test_a_package_that_cannot_be_had_leaves_no_half_environment(offline: Path) -> None:
    with pytest.raises(Unavailable, match="package index can be reached"):
        environment(("no-such-package-anywhere==1.0",), lambda: False)
    assert list((offline / "environments").iterdir()) == []


def test_stopping_leaves_no_half_environment(offline: Path) -> None:
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        environment(("joblib==1.3.2",), cancelled)
    assert list((offline / "environments").iterdir()) == []


def test_without_uv_it_says_how_to_get_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_environments.sys, "executable", str(home / "python"))
    monkeypatch.setattr(_environments.shutil, "which", lambda _name: None)
    with pytest.raises(Unavailable, match="pip install uv"):
        environment(("joblib==1.3.2",), lambda: False)
