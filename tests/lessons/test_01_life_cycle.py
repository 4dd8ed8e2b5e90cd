"""What lesson 1 claims, over twenty seeds: the deep tree overfits, and no threshold of a tree meets the challenge."""

import numpy as np
import pytest

from data.estimate import Estimate
from lessons.catalogue import experiment
from lessons.record import Record

EXPERIMENT = experiment("01_life_cycle")


def run(model: str, threshold: float, seed: int) -> Record:
    settings = {"model": model, "threshold": threshold}
    return EXPERIMENT.run(settings, seed=seed, progress=lambda *_: None, cancelled=lambda: False)


def value(record: Record, name: str) -> float:
    found = record.figures[name]
    assert isinstance(found, Estimate)
    return found.value


@pytest.mark.parametrize("seed", range(20))
def test_the_deep_tree_overfits_whatever_the_folds(seed: int) -> None:
    record = run("tree", 0.5, seed)
    assert record.outcome.direction == 2
    assert value(record, "learned") - value(record, "unseen") > 0.02
    assert not EXPERIMENT.check(record).passed


def test_one_question_is_about_as_poor_on_both() -> None:
    gaps = [value(r, "learned") - value(r, "unseen") for r in (run("stump", 0.5, seed) for seed in range(5))]
    deep = [value(r, "learned") - value(r, "unseen") for r in (run("tree", 0.5, seed) for seed in range(5))]
    assert np.mean(gaps) < np.mean(deep)


@pytest.mark.parametrize("model", ["stump", "tree"])
def test_no_threshold_of_a_single_tree_meets_the_challenge(model: str) -> None:
    for threshold in (0.01, 0.05, 0.2, 0.4):
        assert not EXPERIMENT.check(run(model, threshold, seed=3)).passed


def test_figures_are_those_of_scikit_learn() -> None:
    """The counts behind recall, precision and F1, recomputed by another library from the same answers."""
    from sklearn.metrics import f1_score, precision_score, recall_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from data.catalogue import find_dataset
    from strategies.training.algorithms.logistic import Logistic
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import prepare

    record = run("logistic", 0.3, seed=5)
    rows = prepare(TrainingSpec(data="tumour"), find_dataset("tumour"))
    pipeline = Logistic({}).fit(rows.schema, "binary", rows.X, rows.y, 5)
    folds = StratifiedKFold(5, shuffle=True, random_state=5)
    said = cross_val_predict(pipeline, rows.X, rows.y, cv=folds, method="predict_proba")[:, 1] >= 0.3
    assert value(record, "recall") == pytest.approx(recall_score(rows.y, said))
    assert value(record, "precision") == pytest.approx(precision_score(rows.y, said))
    assert value(record, "f1") == pytest.approx(f1_score(rows.y, said), abs=1e-9)
    missed, needless = ((rows.y == 1) & ~said).sum(), ((rows.y == 0) & said).sum()
    assert value(record, "cost") == pytest.approx((20_000 * missed + 1_000 * needless) / len(said))
