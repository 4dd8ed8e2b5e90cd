"""Comparing the formats of a packaged model, as a job."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.catalogue import find_dataset
from data.errors import InvalidValue
from data.schema import Feature
from strategies.packaging.format_comparison import MAX_ROWS, compare_formats
from strategies.packaging.formats.contract import About, Fitted
from strategies.packaging.package import FILE_NAMES, ModelPackage
from strategies.packaging.shelf import find_package
from strategies.packaging.skops_files import load_skops
from strategies.training.report import Report
from strategies.training.spec import TrainingSpec
from strategies.training.train import prepare
from strategies.training.watch import CancelCheck, Progress, never, silent


def run_format_comparison(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Save and load a package's model in every format.

    Parameters
    ----------
    payload
        `version` of a package on the shelf.

    Returns
    -------
    dict
        `formats`: one `FormatResult.to_dict()` per format.
    """
    progress("loading the model", 0.0)
    package = find_package(payload["version"])
    results = compare_formats(fitted_of(package), rows_for(package), progress=progress, cancelled=cancelled)
    return {"formats": [result.to_dict() for result in results]}


def fitted_of(package: ModelPackage) -> Fitted:
    """The scikit-learn model in a package; an uploaded ONNX file has none, and `InvalidValue` says so."""
    manifest, file = package.manifest, package.folder / FILE_NAMES["skops"]
    if file.name not in manifest.files:
        rule = "was uploaded as ONNX and holds no scikit-learn model to save in other formats"
        raise InvalidValue("model package", manifest.version, rule, "choose a model that was trained here")
    about = About(manifest.schema, manifest.task, manifest.target, manifest.outputs)
    return Fitted(load_skops(file), about)


def rows_for(package: ModelPackage) -> NDArray[np.float32]:
    """Test rows of the dataset that the model was trained on, or, for an uploaded one, random rows of its schema."""
    report = Report.of(package)
    if report is None:
        rng = np.random.default_rng(0)
        columns = [_random_column(feature, rng) for feature in package.manifest.schema.features]
        return np.stack(columns, axis=1).astype(np.float32)
    spec = TrainingSpec.read(report.spec)
    prepared = prepare(spec, find_dataset(spec.data))
    return prepared.X[prepared.split.test[:MAX_ROWS]]


def _random_column(feature: Feature, rng: np.random.Generator) -> NDArray[np.float64]:
    if feature.kind == "category":
        return rng.integers(0, len(feature.categories), MAX_ROWS).astype(np.float64)
    return rng.normal(size=MAX_ROWS)
