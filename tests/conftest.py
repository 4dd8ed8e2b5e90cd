"""Fixtures that tests of several folders share: a state folder of their own, and three small models."""

from pathlib import Path

import numpy as np
import pytest

from data.schema import Feature, Schema
from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder that only this test uses."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DRYDOCK_HOME", str(folder))
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def tumour_forest(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A random forest of 100 trees on tumour, served by ONNX: 30 numbers in, two probabilities out."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    data = load_breast_cancer()
    x = data.data.astype(np.float32)
    pipeline = make_pipeline(RandomForestClassifier(100, random_state=1)).fit(x[::2], 1 - data.target[::2])
    schema = Schema(tuple(Feature(str(name).replace(" ", "_")) for name in data.feature_names))
    outputs, root = ("benign", "malignant"), tmp_path_factory.mktemp("packages")
    return build_package(
        pipeline, schema, "binary", "malignant", outputs, root, x[1::2], name="tumour", algorithm="random_forest"
    )


@pytest.fixture(scope="session")
def digits_network(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A small neural network on digits, served by ONNX: 64 pixels in, ten probabilities out."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_digits()
    x = data.data.astype(np.float32)
    network = MLPClassifier((32,), early_stopping=True, max_iter=300, random_state=1)
    pipeline = make_pipeline(StandardScaler(), network).fit(x[::2], data.target[::2])
    schema = Schema(tuple(Feature(f"pixel_{row}_{column}") for row in range(8) for column in range(8)))
    outputs, root = tuple("0123456789"), tmp_path_factory.mktemp("packages")
    return build_package(
        pipeline, schema, "multiclass", "digit", outputs, root, x[1::2], name="digits", algorithm="neural_network"
    )


@pytest.fixture(scope="session")
def flights_linear(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A linear regression, served by ONNX: numbers in, one value out."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    data = load_diabetes()
    x = data.data.astype(np.float32)
    pipeline = make_pipeline(LinearRegression()).fit(x[::2], data.target[::2])
    schema = Schema(tuple(Feature(str(name)) for name in data.feature_names))
    root = tmp_path_factory.mktemp("packages")
    return build_package(
        pipeline, schema, "regression", "delay_min", ("delay_min",), root, x[1::2], name="flights", algorithm="linear"
    )
