"""Training from end to end: the report is what the model does, a spec makes one model, and Cancel works."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from data.datasets.contract import Target
from data.errors import Cancelled, InvalidValue, UnknownKind
from data.estimate import Estimate
from strategies.packaging.runtime import load_predictor
from strategies.packaging.shelf import list_packages, packages_folder
from strategies.training.job import run_training
from strategies.training.publish import package_trained
from strategies.training.report import Report
from strategies.training.spec import TrainingSpec
from strategies.training.targets import target_values
from strategies.training.train import Trained, train

SPEC = TrainingSpec(data="tumour", parameters={"trees": 30}, false_negative_cost=20, track=False)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(SPEC)


def test_the_scores_are_those_of_the_pipeline_on_the_test_rows(trained: Trained) -> None:
    prepared, evaluation = trained.prepared, trained.evaluation
    y = prepared.y[prepared.split.test]
    probability = trained.pipeline.predict_proba(trained.held_out)[:, 1]
    assert evaluation.threshold is not None
    said = probability >= evaluation.threshold.threshold
    assert evaluation.metrics["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, probability))
    assert evaluation.metrics["recall"] == pytest.approx(metrics.recall_score(y, said))
    assert evaluation.metrics["log_loss"] == pytest.approx(metrics.log_loss(y, probability))
    assert np.array_equal(evaluation.confusion, metrics.confusion_matrix(y, said))
    wrong, missed = evaluation.confusion[0][1], evaluation.confusion[1][0]
    assert evaluation.metrics["cost_per_row"] == pytest.approx((wrong + 20 * missed) / len(y))
    assert evaluation.baseline["accuracy"] == pytest.approx(max(np.mean(y), 1 - np.mean(y)))
    assert evaluation.rows == len(y) == trained.report.rows["test"]


def test_the_report_comes_back_from_its_file_as_it_was(trained: Trained, tmp_path: Path) -> None:
    package = package_trained(trained, tmp_path)
    assert Report.of(package) == trained.report
    assert TrainingSpec.read(trained.report.spec) == SPEC
    assert package.manifest.threshold == trained.evaluation.threshold.threshold  # type: ignore[union-attr]
    assert package.manifest.metrics == trained.evaluation.metrics
    assert package.manifest.data_hash == trained.prepared.dataset.content_hash
    assert package.manifest.parameters["trees"] == 30
    assert package.manifest.parameters["max_depth"] == 14, "defaulted hyperparameters are kept too"


def test_the_same_spec_gives_the_same_file(trained: Trained, tmp_path: Path) -> None:
    again = train(SPEC.model_copy(update={"learning_curve": False}))
    assert again.learning_curve is None
    first, second = package_trained(trained, tmp_path / "a"), package_trained(again, tmp_path / "b")
    assert first.version == second.version
    assert first.manifest.metrics == second.manifest.metrics


def test_another_seed_gives_another_model(trained: Trained, tmp_path: Path) -> None:
    other = train(SPEC.model_copy(update={"seed": 2, "learning_curve": False}))
    assert package_trained(other, tmp_path).version != package_trained(trained, tmp_path).version


def test_the_car_recommender_beats_guessing(tmp_path: Path) -> None:
    spec = TrainingSpec(data="car_choice", algorithm="logistic", learning_curve=False, track=False)
    cars = train(spec)
    ranking = cars.evaluation.ranking
    assert ranking is not None
    assert ranking.guessing == pytest.approx(1 / 6)
    assert ranking.beats_guessing
    prepared = cars.prepared
    assert prepared.groups is not None
    # Worked out again with pandas, from what the package answers.
    probability = load_predictor(package_trained(cars, tmp_path)).predict(cars.held_out)[:, 1]
    rows = pd.DataFrame(
        {"person": prepared.groups[prepared.split.test], "p": probability, "chosen": prepared.y[prepared.split.test]}
    )
    hits = rows.loc[rows.groupby("person")["p"].idxmax(), "chosen"].mean()
    assert ranking.hit_rate.value == pytest.approx(hits, abs=0.003)  # but for ties


def test_flights_are_learned_from_the_past_and_scored_in_minutes() -> None:
    spec = TrainingSpec(data="flight_delay", target="arrival_delay_min", algorithm="linear", max_rows=4_000)
    flights = train(spec)
    assert "by time (scheduled_departure)" in flights.report.split
    mae = flights.evaluation.scores["mae"]
    assert isinstance(mae, Estimate)
    assert mae.unit == "min"
    assert mae.value < 0.7 * flights.evaluation.baseline["mae"]
    assert flights.learning_curve is not None
    assert flights.learning_curve.score == "R²"


def test_a_solver_that_gives_up_is_noted_once(tmp_path: Path) -> None:
    spec = {"data": "tumour", "algorithm": "logistic", "parameters": {"max_iterations": 3}, "track": False}
    short = train(TrainingSpec.read(spec))
    assert short.report.notes == ("Logistic regression stopped after 3 iterations without converging.",)
    assert package_trained(short, tmp_path).manifest.notes == short.report.notes


@pytest.mark.parametrize("stage", ["loading", "fitting", "evaluating", "learning curve"])
def test_cancel_stops_in_every_stage(stage: str) -> None:
    now = {"stage": ""}
    seen: list[float] = []

    def progress(name: str, fraction: float) -> None:
        now["stage"] = name
        seen.append(fraction)

    with pytest.raises(Cancelled, match=stage):
        train(SPEC, progress=progress, cancelled=lambda: now["stage"] == stage)
    assert seen == sorted(seen)


def test_a_cancelled_job_leaves_no_package(home: Path) -> None:
    stages: list[str] = []
    with pytest.raises(Cancelled):
        run_training(SPEC.model_dump(), lambda stage, _: stages.append(stage), lambda: "packaging" in stages)
    assert stages[-1] == "packaging"
    assert list_packages() == ()
    assert not packages_folder().exists() or list(packages_folder().iterdir()) == []
    assert home.is_dir()


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"algorithm": "forest"}, UnknownKind, "no algorithm is named 'forest': choose one of .*random_forest"),
        ({"data": "cars"}, UnknownKind, "no dataset is named 'cars'"),
        ({"target": "benign"}, InvalidValue, "target = 'benign' is not a target of this dataset: choose one of malig"),
        ({"algorithm": "linear"}, InvalidValue, "'linear' cannot learn a binary target"),
        ({"test_share": 0.9}, InvalidValue, "test_share = 0.9 must be at most 0.4"),
        ({"false_positive_cost": 0, "false_negative_cost": 0}, InvalidValue, "not both 0"),
    ],
)
def test_a_spec_that_cannot_be_trained_says_why(fields: dict[str, object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        train(TrainingSpec.read({"data": "tumour", **fields}))


TARGET = Target("grade", "multiclass", "", classes=("low", "mid", "high"))


@pytest.mark.parametrize(
    ("column", "codes"),
    [(["high", "low", "mid"], [2, 0, 1]), ([2, 0, 1], [2, 0, 1]), (pd.Categorical(["mid", "low", "mid"]), [1, 0, 1])],
)
def test_a_target_is_read_by_name_or_by_code(column: list[object], codes: list[int]) -> None:
    assert target_values(pd.Series(column), TARGET).tolist() == codes


@pytest.mark.parametrize(("column", "says"), [(["low", "huge"], "'huge' is not a class"), ([1, 3], "3 is not a class")])
def test_an_unknown_class_is_named(column: list[object], says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        target_values(pd.Series(column), TARGET)


def test_a_missing_target_is_counted() -> None:
    with pytest.raises(InvalidValue, match="1 missing"):
        target_values(pd.Series(["low", None]), TARGET)
