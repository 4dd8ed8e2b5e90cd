"""A worker process, seen from the job: chunks go in and parts come out through a socket that only the two have."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strategies.hosts._child import Child
from strategies.hosts._log import Log
from strategies.hosts.lifeline import command

_ROOT = Path(__file__).parents[3]
WORKER = "strategies.batches.worker"
_READ_BYTES = 1 << 16
_OUR_PLACE = ("DRYDOCK_FOLDER", "DRYDOCK_LISTEN_FD")  # the job's own, where a host started it
_LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Hand:
    """One worker. It dies with the job, even when that is killed (strategies/hosts/lifeline)."""

    def __init__(self, number: int, log: Log, module: str = WORKER, more: Mapping[str, str] | None = None) -> None:
        """`module` is what it runs, with `more` variables in its environment."""
        self.number = number
        self.socket, theirs = socket.socketpair()
        with theirs:
            paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
            environment = {name: value for name, value in os.environ.items() if name not in _OUR_PLACE}
            environment |= {"PYTHONPATH": paths, **dict.fromkeys(_LIBRARY_THREADS, "1"), **(more or {})}
            start = command(module, ["--fd", str(theirs.fileno())])
            self.child = Child(number, start, environment, (theirs.fileno(),), log.fd)
        self._unread = b""

    def send(self, message: dict[str, Any]) -> bool:
        """Whether it could be sent; otherwise the worker is gone, and reading tells so too."""
        try:
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return False
        return True

    def receive(self) -> Iterator[dict[str, Any] | None]:
        """What has arrived; None once it has hung up. Call it when the socket can be read."""
        try:
            content = self.socket.recv(_READ_BYTES)
        except OSError:
            content = b""
        *lines, self._unread = (self._unread + content).split(b"\n")
        yield from (json.loads(line) for line in lines)
        if not content:
            yield None

    def close(self) -> None:
        """End it at once: a part that it had not renamed yet never existed."""
        if self.child.alive():
            self.child.terminate()
        self.child.end(0.0)
        self.socket.close()
