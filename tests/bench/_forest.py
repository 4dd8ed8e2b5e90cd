"""The model that the serving benchmarks share: 100 trees on tumour, as a package and as a joblib file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.schema import Feature, Schema
from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage


@dataclass(frozen=True)
class Forest:
    package: ModelPackage
    joblib: Path
    rows: NDArray[np.float32]
    """Held-out rows (n, 30)."""


def make_forest(folder: Path) -> Forest:
    """Train, package and dump it into a folder."""
    import joblib
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    data = load_breast_cancer()
    x, held_out = data.data[::2].astype(np.float32), data.data[1::2].astype(np.float32)
    forest = RandomForestClassifier(100, random_state=1).fit(x, 1 - data.target[::2])
    joblib.dump(forest, folder / "model.joblib")
    schema = Schema(tuple(Feature(str(name).replace(" ", "_")) for name in data.feature_names))
    package = build_package(
        make_pipeline(forest), schema, "binary", "malignant", ("benign", "malignant"), folder, held_out, name="tumour",
        algorithm="random_forest",
    )  # fmt: skip
    return Forest(package, folder / "model.joblib", held_out)
