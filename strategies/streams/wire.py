"""A connection to a NATS server that one thread drives: it never blocks longer than it is told to.

`nats-py` is asyncio and spends about 20 µs on every message; the pacer needs a call that returns on time, and a batch
of answers is handled as a batch. So the messages themselves travel over this socket, while what happens a few times in
a deployment's life (making streams, storing models) is left to `nats-py`.

A lost connection is made anew in the background, subscriptions included. `epoch` counts the connections: whoever keeps
something that a connection's end loses (open pulls, unconfirmed messages) compares it.
"""

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable

from strategies.streams.dial import Dial, addresses, no_server
from strategies.streams.frames import Frame, Parser

Handler = Callable[[list[Frame]], None]
RETRY_S = 0.05
_READ_BYTES = 1 << 18


class Wire:
    """The connection. All methods belong to one thread."""

    def __init__(self, url: str, name: str) -> None:
        self._addresses = addresses(url)
        self._name = name
        self._socket: socket.socket | None = None
        self._dialling: Dial | None = None
        self._parser = Parser()
        self._out = bytearray()
        self._handlers: dict[int, tuple[bytes, Handler]] = {}
        self._retry_at_s = 0.0
        self.epoch = 0
        """How many connections there have been; 0 before the first."""
        self.max_payload_bytes = 1 << 20
        self.received_bytes = 0
        self.sent_bytes = 0
        self.last_error = ""

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def connect(self, timeout_s: float = 10.0) -> None:
        """Connect, trying again until `timeout_s` is over; `Unavailable` says why no server took us."""
        until_s = time.perf_counter() + timeout_s
        while not self.connected:
            left_s = until_s - time.perf_counter()
            if left_s <= 0:
                raise no_server(self.last_error or f"{self._addresses[0].shown}: no reply")
            self.poll(min(left_s, 0.05))

    def close(self) -> None:
        if self._dialling is not None:
            self._dialling.abandon()
        self._drop("closed")
        self._handlers.clear()

    def subscribe(self, subject: bytes, handler: Handler) -> int:
        """Call `handler` with every batch of messages on `subject`, over this connection and all later ones."""
        sid = max(self._handlers, default=0) + 1
        self._handlers[sid] = subject, handler
        if self.connected:
            self.send(b"SUB %b %d\r\n" % (subject, sid))
        return sid

    def send(self, data: bytes) -> None:
        """Queue protocol bytes; they leave with the next `flush` or `poll`. Without a connection they are dropped."""
        if self._socket is not None:
            self._out += data

    @property
    def unsent_bytes(self) -> int:
        return len(self._out)

    def flush(self) -> None:
        """Give the socket as much as it takes, without waiting."""
        while self._out and self._socket is not None:
            try:
                n = self._socket.send(self._out)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except OSError as error:
                self._drop(f"{error}")
                return
            self.sent_bytes += n
            del self._out[:n]

    def poll(self, wait_s: float) -> bool:
        """Send what is queued and hand on what has come, waiting `wait_s` at most for something; whether it came."""
        if self._socket is None:
            return self._redial(wait_s)
        self.flush()
        if self._socket is None:
            return True
        if not self._readable(self._socket, wait_s):
            return False
        self._receive()
        self.flush()
        return True

    def _readable(self, of: socket.socket, wait_s: float) -> bool:
        if isinstance(of, ssl.SSLSocket) and of.pending():
            return True
        readable, writable, _ = select.select([of], [of] if self._out else [], [], max(wait_s, 0.0))
        if writable and not readable:
            self.flush()
        return bool(readable)

    def _receive(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self._drop(f"{error}")
            return
        if not data:
            self._drop(self.last_error or "the server closed the connection")
            return
        self.received_bytes += len(data)
        frames, lines = self._parser.feed(data)
        for line in lines:
            self._control(line)
        self._dispatch(frames)

    def _control(self, line: bytes) -> None:
        if line.startswith(b"PING"):
            self.send(b"PONG\r\n")
        elif line.startswith(b"-ERR"):
            self.last_error = line[4:].strip(b" '").decode(errors="replace")

    def _dispatch(self, frames: list[Frame]) -> None:
        by_sid: dict[int, list[Frame]] = {}
        for frame in frames:
            by_sid.setdefault(frame.sid, []).append(frame)
        for sid, batch in by_sid.items():
            if sid in self._handlers:
                self._handlers[sid][1](batch)

    def _drop(self, why: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket, self.last_error = None, why
        self._out.clear()
        self._parser = Parser()

    def _redial(self, wait_s: float) -> bool:
        now_s = time.perf_counter()
        if self._dialling is None and now_s >= self._retry_at_s:
            self._dialling = Dial(self._addresses, self._name)
        if self._dialling is None:
            time.sleep(min(max(wait_s, 0.0), self._retry_at_s - now_s))
            return False
        if not self._dialling.done.wait(max(wait_s, 0.0)):
            return False
        dial, self._dialling = self._dialling, None
        self._retry_at_s = time.perf_counter() + RETRY_S
        if dial.socket is None:
            self.last_error = dial.error
            return False
        self._adopt(dial)
        return True

    def _adopt(self, dial: "Dial") -> None:
        self._socket, self.epoch, self.last_error = dial.socket, self.epoch + 1, ""
        self.max_payload_bytes = int(dial.info.get("max_payload", self.max_payload_bytes))
        for sid, (subject, _) in self._handlers.items():
            self.send(b"SUB %b %d\r\n" % (subject, sid))
        self.flush()
