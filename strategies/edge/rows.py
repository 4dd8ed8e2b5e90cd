"""Held-out rows of the dataset that a package was trained on, with the truth about them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.training.report import Report

MOST_ROWS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Rows whose truth is known."""

    rows: NDArray[np.float32]
    """(rows, features)"""
    truth: NDArray[Any]
    """Class codes or values. (rows,)"""
    dataset: str
    unit: str
    """Unit of a regression's target."""


def known_rows(package: ModelPackage, limit: int = MOST_ROWS) -> Known:
    """At most `limit` rows that the model has not learned from, the same ones for every call.

    Raises `InvalidValue` for a package that was not trained here: how right it is cannot be told then.
    """
    report = Report.of(package)
    if report is None:
        name = package.manifest.name
        raise InvalidValue("model package", name, "was not trained here, so its rows are unknown", "train one here")
    from data.catalogue import find_dataset
    from strategies.training.spec import TrainingSpec
    from strategies.training.train import prepare

    spec = TrainingSpec.read(report.spec)
    prepared = prepare(spec, find_dataset(spec.data))
    held_out = prepared.split.test
    picks = held_out[np.sort(np.random.default_rng(0).choice(len(held_out), min(limit, len(held_out)), replace=False))]
    return Known(prepared.X[picks], prepared.y[picks], spec.data, prepared.target.unit)
