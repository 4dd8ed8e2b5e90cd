"""The rows that requests carry: real ones, which the model has not learned from."""

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.scenario import Scenario
from strategies.packaging.package import ModelPackage

MAX_ROWS = 2_000


def request_rows(scenario: Scenario, package: ModelPackage, limit: int = MAX_ROWS) -> NDArray[np.float32]:
    """Test rows of the scenario's dataset, at most `limit`, as the package's model reads them. (rows, features)

    They depend on the dataset and the package alone, so that every run of the same model meets the same rows. For a
    model that was not trained here, which rows it has learned from is unknown. Of the dealership, they are customers'
    numbers (customers, 1), from which it finds the rows itself.

    Raises `InvalidValue` when the package was made for other features than the dataset has.
    """
    from data.catalogue import find_dataset
    from strategies.training.report import Report
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import prepare

    report = Report.of(package)
    if report is not None and report.spec["data"] == scenario.data.name:
        spec = TrainingSpec.read(report.spec)
    else:
        spec = TrainingSpec(data=scenario.data.name, target=scenario.data.target)
    prepared = prepare(spec, find_dataset(spec.data))
    names = package.manifest.schema.names
    if prepared.schema.names != names:
        raise InvalidValue(
            "model package", package.manifest.name, f"does not read the features of {spec.data}",
            f"choose the dataset that it was trained on, with features {', '.join(names[:6])} …",
        )  # fmt: skip
    if scenario.application == "dealership":
        from strategies.dealership.measuring import customers

        return customers(limit)
    held_out = prepared.split.test
    picks = np.random.default_rng(0).choice(len(held_out), min(limit, len(held_out)), replace=False)
    return prepared.X[held_out[np.sort(picks)]]
