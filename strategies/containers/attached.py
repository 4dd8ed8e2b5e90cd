"""The connection to a container's standard streams: our end of its lifeline, and what it prints."""

import contextlib
import socket
import struct
import threading
from collections import deque
from typing import Any

KEPT_BYTES = 64 << 10
_FRAME = struct.Struct(">BxxxL")
_READ_BYTES = 65_536


class Attached:
    """Reads what the container prints, and holds its standard input open until `close`, or until we die.

    The container is made with `StdinOnce`: the engine closes its standard input when the one client that is attached
    goes, however it goes.
    """

    def __init__(self, stream: Any) -> None:
        # Over a Unix socket docker-py gives a file around the socket, over TLS the socket itself.
        self._stream, self._socket = stream, getattr(stream, "_sock", stream)
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self.over = threading.Event()
        """Set when the container has ended, or the engine has."""
        self._thread = threading.Thread(target=self._read, name="container log", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """The last lines, at most 64 KiB."""
        with self._lock:
            return b"".join(self._kept)[-KEPT_BYTES:].decode(errors="replace")

    def last_lines(self, count: int = 15) -> str:
        return "\n".join(self.text().rstrip().splitlines()[-count:])

    def close(self) -> None:
        """Let go of the container."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._stream.close()
        self._socket.close()

    def _read(self) -> None:
        pending = b""
        try:
            while data := self._received():
                pending = self._taken(pending + data)
        except OSError:
            pass
        self.over.set()

    def _received(self) -> bytes:
        received: bytes = self._socket.recv(_READ_BYTES)
        return received

    def _taken(self, data: bytes) -> bytes:
        """Keep the whole frames; what is left over."""
        while len(data) >= _FRAME.size:
            _, size = _FRAME.unpack_from(data)
            if len(data) < _FRAME.size + size:
                break
            self._keep(data[_FRAME.size : _FRAME.size + size])
            data = data[_FRAME.size + size :]
        return data

    def _keep(self, line: bytes) -> None:
        with self._lock:
            self._kept.append(line)
            self._size += len(line)
            while self._size > KEPT_BYTES and len(self._kept) > 1:
                self._size -= len(self._kept.popleft())
