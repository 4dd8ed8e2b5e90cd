"""Starting and ending the server: what it says, what it refuses, what it adds to every answer."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from dashboard.__main__ import main

ROOT = Path(__file__).parents[2]


@contextmanager
def started(home: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server on a free port, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "DRYDOCK_HOME": str(home)},
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        yield found[0], process
        process.kill()
        process.wait()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server that is the test's to end."""
    with started(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that stays."""
    with started(tmp_path_factory.mktemp("home")) as (url, _):
        yield url


def test_it_answers_and_ends_cleanly_on_either_signal(serving: tuple[str, subprocess.Popen[str]]) -> None:
    url, process = serving
    assert urllib.request.urlopen(f"{url}/_stcore/health").status == 200
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert not [child for child in children if child.is_running()]
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/_stcore/health", timeout=2)


def test_it_ends_on_sigterm_while_a_tab_is_open(serving: tuple[str, subprocess.Popen[str]]) -> None:
    url, process = serving
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))):  # a browser keeps its connection
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_every_answer_forbids_requests_to_elsewhere_and_names_the_browser(standing: str) -> None:
    answer = urllib.request.urlopen(f"{standing}/compare")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy.replace("https", "http").split("default-src")[1]
    cookie = answer.headers["set-cookie"]
    assert re.match(r"drydock_browser=[\w-]{20,};", cookie)
    assert {"httponly", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
    again = urllib.request.Request(f"{standing}/", headers={"cookie": cookie.partition(";")[0]})
    assert urllib.request.urlopen(again).headers["set-cookie"] is None


def test_the_first_pages_own_address_leads_to_the_root(standing: str) -> None:
    assert urllib.request.urlopen(f"{standing}/start?seed=3").url == f"{standing}/?seed=3"


def test_a_taken_port_is_named_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"port {port}" in said
    assert f"PORT={port + 1}" in said
