"""A server that the tests of a file share, and a second model for updates."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.streams.broker import OwnBroker, own_broker


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder that only this file's tests use."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("DRYDOCK_HOME", str(folder))
        patch.delenv("NATS_URL", raising=False)
        yield folder


@pytest.fixture(scope="module")
def server(module_home: Path) -> Iterator[OwnBroker]:  # noqa: ARG001 - where the server keeps its store
    """A running nats-server of our own."""
    with own_broker() as running:
        yield running


@pytest.fixture(scope="session")
def rows() -> NDArray[np.float32]:
    """Tumours, (569, 30)."""
    from sklearn.datasets import load_breast_cancer

    return np.asarray(load_breast_cancer().data, np.float32)


@pytest.fixture(scope="session")
def other_forest(tumour_forest: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """Another model of the same features and outputs, which answers otherwise."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    data = load_breast_cancer()
    x = np.asarray(data.data, np.float32)
    pipeline = make_pipeline(RandomForestClassifier(20, max_depth=3, random_state=2)).fit(
        x[1::2], 1 - data.target[1::2]
    )
    manifest = tumour_forest.manifest
    return build_package(
        pipeline, manifest.schema, "binary", "malignant", manifest.outputs, tmp_path_factory.mktemp("packages"), x[::2],
        name="tumour", algorithm="random_forest",
    )  # fmt: skip
