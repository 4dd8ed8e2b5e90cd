"""Runs a `nats-server` and starts it again when it dies: ``python -m strategies.streams.server --folder F``.

The server is Go and reads no standard input, so it cannot hold a lifeline itself; this process does
(strategies/hosts/lifeline), and both end with whoever started it. The first start takes any free port on the loopback
interface; every later one takes the same port and finds the same store.
"""

import argparse
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from strategies.hosts.lifeline.place import Place

PORT_FILE, TOKEN_FILE, PID_FILE = "port", "token", "pid"
MAX_PAYLOAD_BYTES = 8 << 20
START_TIMEOUT_S = 20.0
QUICK_DEATH_S, MAX_QUICK_DEATHS = 5.0, 5
_CONFIG = """\
listen: "127.0.0.1:{port}"
ports_file_dir: {folder}
max_payload: {max_payload}
max_control_line: 4096
write_deadline: "10s"
authorization {{ token: {token} }}
jetstream {{ store_dir: {store}, max_memory_store: 256MB, max_file_store: 16GB }}
"""


class Server:
    """One `nats-server` at a time, in a folder of its own that holds its settings and its store."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary, self._folder = binary, folder
        self._token = (folder / TOKEN_FILE).read_text()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def run(self) -> int:
        """Keep a server running until this process is told to stop; 1 when it keeps dying."""
        quick, port = 0, -1
        while True:
            began_s = time.perf_counter()
            self._process = self._start(port)
            self._note(PID_FILE, self._process.pid)
            if self._stopping:
                self._process.terminate()
            elif port < 0:
                port = self._announce()
            code = self._process.wait()
            if self._stopping:
                return 0
            quick = quick + 1 if time.perf_counter() - began_s < QUICK_DEATH_S else 0
            print(f"nats-server ended with status {code}", file=sys.stderr)
            if quick >= MAX_QUICK_DEATHS:
                return 1
            time.sleep(0.05 * quick)

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        config = self._folder / "server.conf"
        quoted = {"folder": self._folder, "store": self._folder / "store", "token": self._token}
        text = {name: json.dumps(str(value)) for name, value in quoted.items()}
        config.write_text(_CONFIG.format(port=port, max_payload=MAX_PAYLOAD_BYTES, **text))
        config.chmod(0o600)
        return subprocess.Popen([self._binary, "-c", config], stdin=subprocess.DEVNULL)

    def _announce(self) -> int:
        """Wait until the first server takes connections, and say where; its port."""
        assert self._process is not None
        ports = self._folder / f"{self._binary.name}_{self._process.pid}.ports"
        until_s = time.perf_counter() + START_TIMEOUT_S
        while time.perf_counter() < until_s and self._process.poll() is None and not self._stopping:
            # The file appears before it is whole, and before the port takes connections.
            with contextlib.suppress(OSError, ValueError, LookupError):
                port = int(json.loads(ports.read_text())["nats"][0].rpartition(":")[2])
                socket.create_connection(("127.0.0.1", port), 1.0).close()
                self._note(PORT_FILE, port)
                Place.here().announce()
                return port
            time.sleep(0.005)
        return -1

    def _note(self, name: str, value: int) -> None:
        draft = self._folder / f".{name}"
        draft.write_text(str(value))
        draft.replace(self._folder / name)  # whoever reads finds the old or the new one

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._stopping = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, required=True, help="the nats-server program")
    parser.add_argument("--folder", type=Path, required=True, help="private folder for settings and store")
    asked = parser.parse_args()
    sys.exit(Server(asked.binary, asked.folder).run())


if __name__ == "__main__":
    main()
