"""The rows that requests carry: real ones, which the model has not learned from."""

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.scenario import Scenario
from strategies.packaging.package import ModelPackage

MAX_ROWS = 2_000


def request_rows(scenario: Scenario, package: ModelPackage, limit: int = MAX_ROWS) -> NDArray[np.float32]:
    """Held-out rows of the scenario's dataset, at most `limit`, as the package's model reads them. (rows, features)

    Raises `InvalidValue` when the package was made for other features than the dataset has.
    """
    from data.catalogue import find_dataset
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import prepare

    spec = TrainingSpec.from_choices(scenario.data, scenario.model, scenario.seed)
    prepared = prepare(spec, find_dataset(spec.data))
    if prepared.schema.names != package.manifest.schema.names:
        raise InvalidValue(
            "model package", package.manifest.name, f"does not read the features of {spec.data}",
            f"choose the dataset that it was trained on, with features {', '.join(package.manifest.schema.names[:6])}…",
        )  # fmt: skip
    held_out = prepared.split.test
    picks = np.random.default_rng(scenario.seed).choice(len(held_out), min(limit, len(held_out)), replace=False)
    return prepared.X[held_out[np.sort(picks)]]
