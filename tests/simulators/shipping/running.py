"""How the tests of this folder run what was shipped, and what they expect of it."""

import contextlib
import json
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import numpy as np

from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor


def expected(package: ModelPackage) -> list[float]:
    row = package.manifest.schema.encode_record(dict(package.manifest.example))[np.newaxis]
    return [float(value) for value in load_predictor(package).predict(row)[0]]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask(port: int, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, bytes]:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"content-type": kind})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status, answer.read()


def eventually(condition: Callable[[], bool], timeout_s: float = 90.0) -> bool:
    deadline_s = time.perf_counter() + timeout_s
    while time.perf_counter() < deadline_s:
        with contextlib.suppress(OSError, urllib.error.URLError):
            if condition():
                return True
        time.sleep(0.1)
    return False


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRYDOCK", "AWS", "COMPOSE"))}
    return {**kept, **more}
