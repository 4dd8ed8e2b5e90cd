"""The rows that requests carry."""

from pathlib import Path

import numpy as np
import pytest

from data.catalogue import find_dataset
from data.errors import InvalidValue
from data.scenario import Scenario
from strategies.measuring.rows import request_rows
from strategies.packaging.package import ModelPackage
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import prepare, train

SPEC = TrainingSpec(data="tumour", algorithm="logistic", seed=77, learning_curve=False, track=False)
SCENARIO = Scenario.default().evolve(data={"name": "tumour"})


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return package_trained(train(SPEC), tmp_path_factory.mktemp("packages"))


def test_rows_are_those_that_the_model_was_judged_on(package: ModelPackage) -> None:
    prepared = prepare(SPEC, find_dataset("tumour"))
    held_out = {row.tobytes() for row in prepared.X[prepared.split.test]}
    rows = request_rows(SCENARIO, package)
    assert {row.tobytes() for row in rows} == held_out
    assert rows.dtype == np.float32


def test_the_scenarios_seed_does_not_change_them_and_the_limit_holds(package: ModelPackage) -> None:
    first = request_rows(SCENARIO, package, limit=20)
    assert first.shape == (20, 30)
    assert np.array_equal(first, request_rows(SCENARIO.evolve(seed=9), package, limit=20))


def test_a_model_of_other_features_is_refused(package: ModelPackage) -> None:
    with pytest.raises(InvalidValue, match="does not read the features of digits"):
        request_rows(Scenario.default().evolve(data={"name": "digits"}), package)


def test_a_model_that_was_not_trained_here_gets_the_datasets_test_rows(package: ModelPackage, tmp_path: Path) -> None:
    for file in package.folder.iterdir():
        if file.name in (*package.manifest.files, "manifest.json"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    bare = ModelPackage(tmp_path, package.manifest)
    (tmp_path / "report.json").unlink(missing_ok=True)
    assert request_rows(SCENARIO, bare, limit=10).shape == (10, 30)
