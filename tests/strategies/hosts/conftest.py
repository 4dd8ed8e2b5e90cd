"""A small service, in a file of its own, that these tests start in many ways."""

from collections.abc import Callable
from pathlib import Path

import pytest

from strategies.hosts.contract import Service

SOURCE = """
import os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from strategies.hosts.lifeline.place import Place

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.getpid()} {Place.here().number} {os.environ.get('GREETING', '')}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

mode, port = sys.argv[1], int(sys.argv[sys.argv.index("--port") + 1])
print(f"mode {mode}\\n", end="", flush=True)
if mode == "fails":
    sys.exit("there is no such file")
if mode == "hangs":
    time.sleep(60)
if mode == "deaf":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode.startswith("parent"):
    child = subprocess.Popen(["sleep", "60"], start_new_session="session" in mode)
    print("child", child.pid, flush=True)
if mode == "busy":
    memory = bytearray(50_000_000)
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
if mode == "chatty":
    for number in range(60_000):
        print("line", number, "x" * 40)
    sys.stdout.flush()
place = Place.here()
server = HTTPServer(("127.0.0.1", port), Handler, bind_and_activate=False)
server.socket = place.listener("127.0.0.1", port)
server.socket.setblocking(True)
place.announce()
server.serve_forever()
"""


@pytest.fixture
def service(tmp_path: Path) -> Callable[..., Service]:
    """A service that behaves as its mode says: it fails, hangs, is deaf to SIGTERM, starts a process …"""
    (tmp_path / "greeter.py").write_text(SOURCE)

    def make(mode: str = "plain", **other: object) -> Service:
        environment = {"PYTHONPATH_EXTRA": "", **other.pop("environment", {})}  # type: ignore[dict-item]
        return Service("greeter", "greeter", (mode,), environment=environment, ready_path="/", **other)  # type: ignore[arg-type]

    return make


@pytest.fixture(autouse=True)
def greeter_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
