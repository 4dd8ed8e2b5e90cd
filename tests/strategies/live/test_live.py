"""A live deployment: asked, updated and stopped through its door, by each strategy that answers at once."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from data.errors import Cancelled, DrydockError, InvalidValue, Unavailable
from data.schema import Feature, Schema
from strategies.live import SERVING, LiveClient, Refused
from strategies.live.serve import serve
from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

SECRET = "known to the two of us"
STRATEGIES = ("embedded", "api")


@contextmanager
def live(package: ModelPackage, strategy: str, **more: object) -> Iterator[tuple[LiveClient, list[BaseException]]]:
    """Serve in a thread, as the job does in a process; ends by cancelling."""
    ports: list[str] = []
    raised: list[BaseException] = []
    stop, up = threading.Event(), threading.Event()

    def progress(stage: str, _fraction: float, message: str = "", /) -> None:
        if stage == SERVING:
            ports.append(message)
            up.set()

    def run() -> None:
        payload = {"folder": str(package.folder), "strategy": strategy, "host": "process", "secret": SECRET, **more}
        try:
            serve(payload, progress, stop.is_set)
        except BaseException as error:
            raised.append(error)
        finally:
            up.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert up.wait(60)
        if raised:
            raise raised[0]
        yield LiveClient(int(ports[0]), SECRET), raised
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def record(package: ModelPackage, seed: int = 1) -> tuple[dict[str, object], np.ndarray]:
    row = np.random.default_rng(seed).uniform(1, 20, len(package.manifest.schema)).astype(np.float32)
    return package.manifest.schema.decode(row), row.reshape(1, -1)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_answers_as_the_model_does(tumour_forest: ModelPackage, strategy: str) -> None:
    asked, row = record(tumour_forest)
    with live(tumour_forest, strategy) as (client, _):
        tried = client.predict(asked)
        again = client.predict(asked)
    assert tried.status == "ok"
    assert tried.outputs == pytest.approx(load_predictor(tumour_forest).predict(row)[0], abs=1e-6)
    assert again.outputs == tried.outputs
    assert tried.version == tumour_forest.version
    assert 0 < tried.latency_ms < 5_000


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_its_status_names_living_processes_and_what_they_hold(tumour_forest: ModelPackage, strategy: str) -> None:
    with live(tumour_forest, strategy) as (client, _):
        status = client.status()
        assert all(psutil.pid_exists(pid) for pid in status.pids)
        assert status.memory_bytes > 10_000_000
        assert status.version == tumour_forest.version
        assert bool(status.ports) == (strategy == "api")


def test_when_it_ends_nothing_is_left(tumour_forest: ModelPackage) -> None:
    with live(tumour_forest, "api", workers=2) as (client, _):
        status = client.status()
        assert len(status.pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in status.pids)
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection("127.0.0.1", status.ports[0], timeout=1).connect()
    with pytest.raises(Unavailable, match="start it again"):
        client.status()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_new_version_answers_after_an_update(tumour_forest: ModelPackage, tmp_path: Path, strategy: str) -> None:
    new = _other(tumour_forest, tmp_path)
    asked, row = record(tumour_forest)
    with live(tumour_forest, strategy) as (client, _):
        assert client.update(str(new.folder)) == new.version
        assert client.status().version == new.version
        tried = client.predict(asked)
    assert tried.version == new.version
    assert tried.outputs == pytest.approx(load_predictor(new).predict(row)[0], abs=1e-6)


def test_a_version_with_other_features_is_refused(tumour_forest: ModelPackage, digits_network: ModelPackage) -> None:
    asked, _ = record(tumour_forest)
    with live(tumour_forest, "embedded") as (client, _):
        with pytest.raises(Refused, match="other features"):
            client.update(str(digits_network.folder))
        assert client.predict(asked).version == tumour_forest.version


def test_a_bad_record_is_refused_with_the_field_and_the_rule(tumour_forest: ModelPackage) -> None:
    asked, _ = record(tumour_forest)
    first = next(iter(asked))
    with live(tumour_forest, "embedded") as (client, _):
        with pytest.raises(Refused, match=f"{first} = 'wide' must be a number"):
            client.predict({**asked, first: "wide"})
        assert client.predict(asked).status == "ok"


def test_nobody_gets_in_without_the_secret(tumour_forest: ModelPackage) -> None:
    with live(tumour_forest, "embedded") as (client, _):
        stranger = LiveClient(client._port, "guessed")
        with pytest.raises(Refused, match="secret"):
            stranger.status()


def test_whoever_connects_and_says_nothing_keeps_nobody_out(tumour_forest: ModelPackage) -> None:
    with live(tumour_forest, "embedded") as (client, _):
        silent = http.client.HTTPConnection("127.0.0.1", client._port, timeout=5)
        silent.connect()
        assert client.status().version == tumour_forest.version
        silent.close()


def test_a_killed_server_ends_it_with_a_reason(tumour_forest: ModelPackage) -> None:
    with live(tumour_forest, "api") as (client, raised):
        psutil.Process(client.status().pids[0]).kill()
        deadline_s = time.monotonic() + 20
        while not raised and time.monotonic() < deadline_s:
            time.sleep(0.05)
    assert raised
    assert isinstance(raised[0], DrydockError)
    assert not isinstance(raised[0], Cancelled)
    assert "signal" in str(raised[0]).lower() or "kill" in str(raised[0]).lower()


def test_a_host_that_the_strategy_does_not_know_is_refused(tumour_forest: ModelPackage) -> None:
    with pytest.raises(InvalidValue, match="cannot run embedded"), live(tumour_forest, "embedded", host="container"):
        pass


def _other(package: ModelPackage, folder: Path) -> ModelPackage:
    """Another model of the same features: a single tree."""
    from sklearn.tree import DecisionTreeClassifier

    names = package.manifest.schema.names
    rng = np.random.default_rng(3)
    x = rng.uniform(1, 20, (200, len(names))).astype(np.float32)
    tree = DecisionTreeClassifier(max_depth=3, random_state=1).fit(x, (x[:, 0] > 10).astype(int))
    schema = Schema(tuple(Feature(name) for name in names))
    return build_package(tree, schema, "binary", "malignant", package.manifest.outputs, folder, x[:50], name="tumour")
