"""An engine where there is one, and services that look around in their container."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from strategies.containers import engine
from strategies.hosts.contract import Service
from strategies.packaging.package import ModelPackage

if TYPE_CHECKING:
    from docker import DockerClient


@pytest.fixture(scope="session")
def docker_client() -> "Iterator[DockerClient]":
    if missing := engine.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    client = engine.connected()
    yield client
    client.close()


@pytest.fixture
def program() -> Callable[..., Service]:
    """A service that runs a few lines of Python; the standard library's timeit is the module that runs them."""

    def make(code: str, **other: Any) -> Service:
        announce = "from strategies.hosts.lifeline.place import Place; Place.here().announce()"
        arguments = ("-n", "1", "-r", "1", "-s", announce, code)
        return Service("program", "timeit", arguments, listens=False, **other)

    return make


@pytest.fixture
def make_service() -> Callable[..., Service]:
    def make(package: ModelPackage, **other: Any) -> Service:
        arguments = ("--package", "{files:package}")
        return Service("api", "strategies.serving", arguments, {"package": package.folder}, **other)

    return make
