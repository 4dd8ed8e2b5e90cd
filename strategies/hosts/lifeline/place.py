"""Which of a service's replicas this process is, and what it shares with the others."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A replica's place in its service, handed down by the host in environment variables.

    A process that nobody's host started stands alone: number 0 of 1, without folder or socket.
    """

    number: int = 0
    """Counts from 0."""
    of: int = 1
    """How many replicas the service has."""
    folder: Path | None = None
    """Folder that the service's replicas share, and nobody else reads; gone when the service ends."""
    listen_fd: int | None = None
    """Descriptor of the bound socket that they share, where the service listens."""

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> "Place":
        """This process's place."""
        folder, fd = environment.get("DRYDOCK_FOLDER"), environment.get("DRYDOCK_LISTEN_FD")
        return cls(
            int(environment.get("DRYDOCK_REPLICA", "0")),
            int(environment.get("DRYDOCK_REPLICAS", "1")),
            Path(folder) if folder else None,
            int(fd) if fd else None,
        )

    def environment(self) -> dict[str, str]:
        """What `here` reads."""
        values = {"DRYDOCK_REPLICA": str(self.number), "DRYDOCK_REPLICAS": str(self.of)}
        if self.folder is not None:
            values["DRYDOCK_FOLDER"] = str(self.folder)
        if self.listen_fd is not None:
            values["DRYDOCK_LISTEN_FD"] = str(self.listen_fd)
        return values

    def listener(self, host: str, port: int) -> socket.socket:
        """A listening socket: the shared one, or else a new one on `host` and `port`. Does not block."""
        shared = bound(host, port) if self.listen_fd is None else socket.socket(fileno=os.dup(self.listen_fd))
        shared.listen(2048)
        shared.setblocking(False)
        return shared

    def announce(self) -> None:
        """Tell the host that this replica serves."""
        if self.folder is not None:
            self._mark(self.number).touch()

    def announced(self) -> int:
        """How many of the replicas serve."""
        return sum(self._mark(number).exists() for number in range(self.of))

    def _mark(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"ready-{number}"


def bound(host: str, port: int) -> socket.socket:
    """A TCP socket bound to an address, not yet listening; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A service that opens its own socket on this port can still do so, as long as nobody listens on ours.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found
