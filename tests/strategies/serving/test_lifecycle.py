"""Replicas under load: draining, changing version, dying; and nothing left behind."""

import asyncio
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from strategies.packaging.build import build_package
from strategies.packaging.package import ModelPackage
from strategies.serving.accepting import OpenConnections
from tests.strategies.serving.conftest import Served, served


@dataclass
class Load:
    """What several clients, each on a kept-alive connection, were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    by: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@contextmanager
def load(server: Served, clients: int = 6) -> Iterator[Load]:
    """Ask without pause until the context ends."""
    found, stop = Load(), threading.Event()

    async def ask(client: httpx.AsyncClient) -> None:
        while not stop.is_set():
            try:
                response = await client.post("/predict", json={"record": server.record})
            except httpx.HTTPError as error:
                found.failures.append(repr(error))
                continue
            found.statuses[response.status_code] += 1
            found.by[response.headers["x-drydock-version"], response.headers["x-drydock-replica"]] += 1

    async def everyone() -> None:
        limits = httpx.Limits(max_connections=1)
        connections = [httpx.AsyncClient(base_url=server.client.base_url, limits=limits) for _ in range(clients)]
        await asyncio.gather(*map(ask, connections))
        for connection in connections:
            await connection.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(everyone()))
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def wait_for(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline_s = time.perf_counter() + within_s
    while not condition() and time.perf_counter() < deadline_s:
        time.sleep(0.01)
    return condition()


@pytest.fixture(scope="module")
def newer(tumour_forest: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """A newer version of the tumour model."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    x = data.data.astype(np.float32)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[::2], 1 - data.target[::2])
    manifest, root = tumour_forest.manifest, tmp_path_factory.mktemp("newer")
    return build_package(
        pipeline, manifest.schema, "binary", "malignant", manifest.outputs, root, x[1::2], name="tumour"
    )


def swap(server: Served, package: ModelPackage, secret: str = "harbour", **other: object) -> httpx.Response:
    headers = {"authorization": f"Bearer {secret}"}
    body = {"folder": str(package.folder), "version": package.version, **other}
    return server.post("/admin/versions", body, headers=headers)


def test_connections_spread_evenly_over_replicas(tumour_forest: ModelPackage) -> None:
    with served(tumour_forest, replicas=3) as server:
        clients = [httpx.Client(base_url=server.client.base_url) for _ in range(12)]
        try:
            bodies = ({"record": server.record} for _ in clients)
            answers = [c.post("/predict", json=b) for c, b in zip(clients, bodies, strict=True)]
            spread = Counter(answer.headers["x-drydock-replica"] for answer in answers)
        finally:
            for client in clients:
                client.close()
    assert sum(spread.values()) == 12
    assert max(spread.values()) - min(spread.values()) <= 3  # without any care it is 12


def test_open_connections_are_seen_by_all_replicas(tmp_path: Path) -> None:
    from strategies.hosts.lifeline.place import Place

    first, second = (OpenConnections(Place(number, 2, tmp_path)) for number in range(2))
    first.add(3)
    second.add(1)
    assert (first.excess(), second.excess()) == (2, 0)
    first.add(-2)
    assert (first.excess(), second.excess()) == (0, 0)


def test_a_version_is_swapped_in_every_replica_without_losing_a_request(
    tumour_forest: ModelPackage, newer: ModelPackage
) -> None:
    with served(tumour_forest, replicas=2) as server:
        with load(server) as found:
            assert wait_for(lambda: sum(found.statuses.values()) > 50)
            response = swap(server, newer)
            assert (response.status_code, response.json()) == (200, {"version": newer.version, "replicas": [0, 1]})
            swapped_at = Counter(found.by)
            assert wait_for(lambda: sum(found.by[newer.version, r] for r in "01") > 50)
        assert found.failures == []
        assert set(found.statuses) == {200}
        # Whatever was under way at the change may have been answered by the old version, and nothing after it.
        old = sum((found.by - swapped_at)[tumour_forest.version, r] for r in "01")
        assert old <= 6
        assert {r for (v, r) in found.by if v == newer.version} == {"0", "1"}


def test_the_old_version_stays_addressable(tumour_forest: ModelPackage, newer: ModelPackage) -> None:
    with served(tumour_forest) as server:
        assert swap(server, newer).status_code == 200
        for package in (tumour_forest, newer):
            body = {"record": server.record, "version": package.version}
            assert server.post("/predict", body).json()["version"] == package.version
            path = f"/v2/models/tumour/versions/{package.version}"
            assert server.client.get(path).status_code == 200
        assert server.post("/predict", {"record": server.record}).json()["version"] == newer.version
        document = server.client.get("/openapi.json").json()
        assert document["info"]["version"] == newer.version
        status = server.client.get("/v1/models/tumour").json()["model_version_status"]
        assert [s["version"] for s in status] == [newer.version, tumour_forest.version]


def test_what_cannot_be_swapped_in_changes_nothing(
    tumour_forest: ModelPackage, newer: ModelPackage, digits_network: ModelPackage, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(newer.folder, broken)
    (broken / "model.onnx").write_bytes(b"not what was packaged")
    with served(tumour_forest, replicas=2) as server:
        assert swap(server, newer, version="000000000000").status_code == 409
        assert swap(server, newer, folder=str(tmp_path / "nowhere")).status_code == 409
        assert "is not the file packaged" in swap(server, newer, folder=str(broken)).json()["detail"]
        assert "model" in swap(server, digits_network).json()["detail"]
        assert swap(server, newer, folder=3).status_code == 422
        assert swap(server, newer, secret="guess").status_code == 401
        assert server.client.post("/admin/versions", json={}).status_code == 401
        assert {server.post("/predict", {"record": server.record}).json()["version"] for _ in range(8)} == {
            tumour_forest.version
        }
        assert swap(server, newer).status_code == 200


def test_without_a_secret_there_is_no_administration(tumour_forest: ModelPackage, newer: ModelPackage) -> None:
    with served(tumour_forest, (), {"DRYDOCK_ADMIN_SECRET": ""}) as server:
        assert swap(server, newer, secret="any").status_code == 404


def test_a_replica_drains_without_losing_a_request(tumour_forest: ModelPackage) -> None:
    with served(tumour_forest, replicas=2) as server:
        with load(server) as found:
            assert wait_for(lambda: len(found.by) == 2)
            os.kill(server.running.pids[1], signal.SIGTERM)
            assert wait_for(lambda: len(server.running.pids) == 1)
            before = found.by.total()
            assert wait_for(lambda: found.by.total() > before + 50)
        assert found.failures == []
        assert set(found.statuses) == {200}
        assert "replica 1" in server.running.health()
        assert "ended with status 0" in server.running.health()


def test_a_draining_server_says_so_and_finishes_what_it_began(tumour_forest: ModelPackage) -> None:
    import json
    import socket

    with served(tumour_forest) as server:
        body = json.dumps({"record": server.record}).encode()
        request = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.running.port), timeout=30) as connection:
            connection.sendall(request % len(body) + body[:20])
            time.sleep(0.2)
            os.kill(server.running.pids[0], signal.SIGTERM)
            assert wait_for(lambda: server.client.get("/readyz").status_code == 503)
            assert server.client.get("/v2/health/ready").status_code == 503
            assert server.client.get("/ping").status_code == 503
            assert server.client.get("/healthz").status_code == 200
            connection.sendall(body[20:])
            answer = b""
            while piece := connection.recv(65_536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
        assert wait_for(lambda: not server.running.pids)


def test_a_killed_replica_is_named_and_the_other_goes_on(tumour_forest: ModelPackage) -> None:
    with served(tumour_forest, replicas=2) as server:
        pids = server.running.pids
        with load(server) as found:
            assert wait_for(lambda: len(found.by) == 2)
            os.kill(pids[0], signal.SIGKILL)
            assert wait_for(lambda: server.running.health() != "")
            before = found.by.total()
            assert wait_for(lambda: found.by.total() > before + 50)
        assert f"replica 0 (process {pids[0]}) was killed by SIGKILL" in server.running.health()
        # Only what was under way on its connections is lost: at most one request each.
        assert len(found.failures) <= 6
        assert set(found.statuses) == {200}
    assert not any(psutil.pid_exists(pid) for pid in pids)
