"""Scores against scikit-learn's, and their intervals against resampling and known coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics

from data.estimate import Estimate, TooFew
from strategies.training.intervals import wilson
from strategies.training.scores import area_under_roc, classification_scores, regression_scores

seeds = st.integers(0, 2**32 - 1)


def value(score: object) -> float:
    assert isinstance(score, Estimate)
    assert score.low <= score.value <= score.high
    return score.value


@settings(max_examples=25)
@given(seeds, st.integers(20, 200), st.integers(2, 5))
def test_classification_scores_are_those_of_scikit_learn(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n)])
    probabilities = rng.dirichlet(np.ones(classes), len(y)).round(2) + 1e-3  # rounded, so that there are ties
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    said = probabilities.argmax(axis=1)
    found = classification_scores(y, probabilities, said)
    kind = {"average": "binary" if classes == 2 else "macro", "zero_division": 0}
    assert value(found["accuracy"]) == pytest.approx(metrics.accuracy_score(y, said))
    assert value(found["recall"]) == pytest.approx(metrics.recall_score(y, said, **kind))
    assert value(found["f1"]) == pytest.approx(metrics.f1_score(y, said, **kind))
    if not isinstance(found["precision"], TooFew):
        assert value(found["precision"]) == pytest.approx(metrics.precision_score(y, said, **kind))
    assert value(found["log_loss"]) == pytest.approx(metrics.log_loss(y, probabilities))
    scores = probabilities[:, 1] if classes == 2 else probabilities
    assert value(found["roc_auc"]) == pytest.approx(metrics.roc_auc_score(y, scores, multi_class="ovr"))


@settings(max_examples=25)
@given(seeds, st.integers(3, 200))
def test_regression_scores_are_those_of_scikit_learn(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(50, 10, n)
    answers = y + rng.normal(2, 5, n)
    found = regression_scores(y, answers, "min")
    assert value(found["mae"]) == pytest.approx(metrics.mean_absolute_error(y, answers))
    assert value(found["rmse"]) == pytest.approx(metrics.root_mean_squared_error(y, answers))
    assert value(found["r2"]) == pytest.approx(metrics.r2_score(y, answers))
    assert [found[name].unit for name in ("mae", "rmse", "r2")] == ["min", "min", "share"]  # type: ignore[union-attr]


def test_precision_without_a_positive_answer_is_not_estimable() -> None:
    y, probabilities = np.array([0, 0, 1, 1]), np.tile([0.9, 0.1], (4, 1))
    found = classification_scores(y, probabilities, np.zeros(4, dtype=np.intp))
    assert found["precision"] == TooFew("precision", 0, 1)
    assert found["recall"] == Estimate(0.0, 0.0, pytest.approx(0.658, abs=1e-3), 2, "share")  # type: ignore[arg-type]


def test_a_single_class_has_no_roc() -> None:
    found = classification_scores(np.ones(5, np.intp), np.tile([0.5, 0.5], (5, 1)), np.ones(5, np.intp))
    assert found["roc_auc"] == TooFew("roc_auc", 0, 1)


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_is_scipys(hits: int, more: int) -> None:
    expected = binomtest(hits, hits + more).proportion_ci(method="wilson")
    assert wilson(hits, hits + more) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_roc_interval_is_as_wide_as_resampling_says() -> None:
    rng = np.random.default_rng(3)
    positive = rng.random(300) < 0.3
    score = rng.normal(size=300) + positive
    area, influence = area_under_roc(positive, score)
    drawn = [rng.integers(0, 300, 300) for _ in range(800)]
    resampled = np.std([metrics.roc_auc_score(positive[rows], score[rows]) for rows in drawn])
    assert np.sqrt(np.sum(influence**2)) / 300 == pytest.approx(resampled, rel=0.15)
    assert area == pytest.approx(metrics.roc_auc_score(positive, score))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    # The truths are integrals over the normal distribution that the scores are drawn from.
    rng, covered = np.random.default_rng(11), np.zeros(3)
    for seed in range(200):
        truth = rng.normal(size=(120, 1))
        probability = 1 / (1 + np.exp(-truth[:, 0]))
        y = (rng.random(120) < probability).astype(np.intp)
        found = classification_scores(
            y, np.stack([1 - probability, probability], axis=1), (probability > 0.5).astype(np.intp), seed=seed
        )
        for i, (name, expected) in enumerate((("accuracy", 0.67486), ("log_loss", 0.59944), ("roc_auc", 0.73953))):
            score = found[name]
            assert isinstance(score, Estimate)
            covered[i] += score.low <= expected <= score.high
    assert (covered / 200 > 0.90).all(), covered / 200


def test_rows_that_belong_together_widen_the_interval() -> None:
    rng = np.random.default_rng(5)
    right = np.repeat(rng.random(60) < 0.7, 10)  # ten rows of a group are all right or all wrong
    y = np.zeros(600, np.intp)
    said = np.where(right, 0, 1)
    probabilities = np.stack([1.0 - said * 0.5, said * 0.5], axis=1)
    alone = classification_scores(y, probabilities, said)["accuracy"]
    together = classification_scores(y, probabilities, said, np.repeat(np.arange(60), 10))["accuracy"]
    assert isinstance(alone, Estimate)
    assert isinstance(together, Estimate)
    assert together.value == alone.value
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(10), rel=0.25)
