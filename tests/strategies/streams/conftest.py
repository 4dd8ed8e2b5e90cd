"""A server that the tests of a file share, and a second model for updates."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from strategies.contract import Answer, Deployment, Request
from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.streams.broker import OwnBroker, own_broker


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder that only this file's tests use."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("DRYDOCK_HOME", str(folder))
        patch.delenv("NATS_URL", raising=False)
        yield folder


@pytest.fixture
def own_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - sets the state folder
    """A state folder of the test's own, and no server of somebody else's."""
    monkeypatch.delenv("NATS_URL", raising=False)


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


class Asker:
    """Sends requests through a deployment and keeps every answer to each."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.answers: dict[int, list[Answer]] = defaultdict(list)

    def send(self, ids: Iterable[int], rows: int) -> None:
        """Request `i` carries row `i % rows`."""
        self.deployment.issue([Request(i, i % rows) for i in ids], self._keep)

    def wait(self, count: int, within_s: float = 60.0) -> dict[int, list[Answer]]:
        """Poll until that many requests have an answer."""
        until_s = time.monotonic() + within_s
        while len(self.answers) < count:
            self.deployment.poll(0.01)
            assert time.monotonic() < until_s, f"{len(self.answers)} of {count} answered; {self.deployment.health()}"
        return self.answers

    def _keep(self, answer: Answer) -> None:
        self.answers[answer.id].append(answer)


@pytest.fixture
def asker() -> Callable[[Deployment], Asker]:
    return Asker


@pytest.fixture(scope="session")
def right(tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the first model answers to each row, computed in this process. (569, 2)"""
    return load_predictor(tumour_forest).predict(rows)
