"""One function that several tests ask, and how to ask it."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from strategies.hosts.contract import Service
from strategies.hosts.function import FunctionHost, FunctionRunning
from strategies.packaging.package import ModelPackage


def service_of(package: ModelPackage, *more: str, settings: dict[str, Any] | None = None, **other: Any) -> Service:
    arguments = ("--package", "{files:package}", "--timeout-s", "10", *more)
    files = {"package": package.folder}
    return Service("api", "strategies.serving", arguments, files, settings=settings or {}, **other)


class Reply:
    """An HTTP answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, dict(response.getheaders()), response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body)
        connection.request(method, path, sent, {"content-type": "application/json", **(headers or {})})
        return Reply(connection.getresponse())
    finally:
        connection.close()


@pytest.fixture
def make_service() -> Callable[..., Service]:
    return service_of


@pytest.fixture(scope="module")
def function(tumour_forest: ModelPackage) -> Iterator[FunctionRunning]:
    """A function with one instance provisioned, so that most tests need not wait for a cold start."""
    with FunctionHost().run(service_of(tumour_forest, settings={"provisioned": 1, "concurrency": 2})) as running:
        assert isinstance(running, FunctionRunning)
        yield running


@pytest.fixture
def put() -> Callable[..., Reply]:
    return ask
