"""Fixtures that tests of several folders share: a state folder of their own, and three small models."""

import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from strategies.packaging.package import ModelPackage
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train


def pytest_configure(config: pytest.Config) -> None:
    """Workers of pytest-xdist get a temporary folder each: tests look there for what was left behind."""
    if hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="tests-")
        os.chmod(folder, 0o755)  # PostgreSQL's own user has to enter it
        os.environ["TMPDIR"] = folder
        tempfile.tempdir = None
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: while Playwright is open, its event loop keeps others from this thread.

    Among them the long files come first, so that workers which take a file at a time end together.
    """
    weight: dict[Path, int] = defaultdict(int)
    for item in items:
        if item.get_closest_marker("browser"):
            weight[item.path] += 10 if item.get_closest_marker("slow") else 1
    items.sort(key=lambda item: (item.path in weight, -weight.get(item.path, 0)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With CI=true, a browser or a Docker engine that is missing is a failure: the machine is meant to have both."""
    report = yield
    needed = [name for name in ("browser", "docker") if item.get_closest_marker(name)]
    if report.skipped and needed and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and CI must have what it needs ({needed[0]}): {report.longrepr[2]}"
    return report


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    """Streamlit's AppTest leaves its script as ``__main__``, and every process spawned later would run that script."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


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
    return _trained(tmp_path_factory, data="tumour", algorithm="random_forest", parameters={"trees": 100})


@pytest.fixture(scope="session")
def digits_network(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A small neural network on digits, served by ONNX: 64 pixels in, ten probabilities out."""
    return _trained(tmp_path_factory, data="digits", algorithm="neural_network", parameters={"width": 32})


@pytest.fixture(scope="session")
def flights_linear(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A linear regression on some flights, served by ONNX: categories and gaps in, one delay in minutes out."""
    return _trained(
        tmp_path_factory, data="flight_delay", target="arrival_delay_min", algorithm="linear", max_rows=5_000
    )


def _trained(factory: pytest.TempPathFactory, **spec: Any) -> ModelPackage:
    trained = train(TrainingSpec(**spec, learning_curve=False, track=False))
    return package_trained(trained, factory.mktemp("packages"))
