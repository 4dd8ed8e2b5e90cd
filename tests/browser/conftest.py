"""Servers and browsers for the tests in this folder."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.steps import QUICK, asked
from tests.browser.visiting import CHROMIUM, FLAGS, Server, Visitor, start_server, stop_server
from tests.shelving import shelve


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not mind each other's runs."""
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@pytest.fixture(scope="module")
def stocked(server: Server) -> Iterator[Server]:
    """That server with one small model on its shelf, as long as a file's tests last."""
    shelve(asked(QUICK), server.home)
    yield server
    shutil.rmtree(server.home / "packages")


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, which has seen nothing yet."""
    running = start_server(tmp_path)
    yield running
    stop_server(running)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: install Debian's chromium package")
        pytest.skip("Chromium is missing: install Debian's chromium package")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    person = Visitor(chromium)
    yield person
    person.leave()
