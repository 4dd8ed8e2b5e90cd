"""Sends requests into their stream without ever waiting: what the server has not confirmed is sent again when the
connection was lost, under the same id, so that the server keeps it once."""

import json
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from strategies.streams.codec import encode_request
from strategies.streams.frames import Frame
from strategies.streams.job import stored
from strategies.streams.names import Names
from strategies.streams.wire import Wire

WINDOW = 2_048
"""Requests under way that the server has not confirmed; more wait here, since a server that is flooded refuses them."""
RETRY_S = 0.1
_HEADERS = b"NATS/1.0\r\nNats-Msg-Id: %b.%012d\r\n\r\n"
_MESSAGE = b"HPUB %b %b%d %b" + _HEADERS + b"%b"
_FULL = (10_077, 10_122)  # maximum messages or bytes exceeded


class Publisher:
    """Publishes numbered requests; `refused` is told number and reason of each that the server does not take."""

    def __init__(self, wire: Wire, names: Names, inbox: bytes, refused: Callable[[int, str, bool], None]) -> None:
        self._wire, self._refused, self._inbox = wire, refused, inbox + b"."
        self._backlog: deque[tuple[int, int]] = deque()
        self._under_way: dict[int, bytes] = {}
        self._again: deque[tuple[float, int]] = deque()
        self._epoch = 0
        self.republished = 0
        self._subject, self._prefix = names.requests.encode(), names.prefix.encode()
        self._size = b""
        self._after: list[bytes] = []
        wire.subscribe(inbox + b".*", self._confirmed)

    def prepare(self, rows: NDArray[np.float32]) -> None:
        """Write each row's message but for the number, which has a fixed width. (rows, features)"""
        payloads = [encode_request(row) for row in rows]
        length = len(payloads[0]) if payloads else 0
        headers = len(_HEADERS % (self._prefix, 0))
        self._after = [b"%b\r\n" % payload for payload in payloads]
        self._size = b"%d %d\r\n" % (headers, headers + length)

    @property
    def backlog(self) -> int:
        """Requests that wait here until the server has confirmed earlier ones."""
        return len(self._backlog)

    def publish(self, number: int, row: int) -> None:
        """Send a request, or keep it until the window has room."""
        if self._backlog or len(self._under_way) >= WINDOW or not self._wire.connected:
            self._backlog.append((number, row))
        else:
            self._send(number, row)

    def forget(self, number: int) -> None:
        """The request is over: it need not be sent again."""
        self._under_way.pop(number, None)

    def pump(self) -> None:
        """Send what can be sent now."""
        if not self._wire.connected:
            return
        if self._wire.epoch != self._epoch:
            self._epoch = self._wire.epoch
            self.republished += len(self._under_way)
            self._wire.send(b"".join(self._under_way.values()))
        while self._again and self._again[0][0] <= time.perf_counter():
            self._wire.send(self._under_way.get(self._again.popleft()[1], b""))
        while self._backlog and len(self._under_way) < WINDOW:
            self._send(*self._backlog.popleft())

    def _send(self, number: int, row: int) -> None:
        message = _MESSAGE % (self._subject, self._inbox, number, self._size, self._prefix, number, self._after[row])
        self._under_way[number] = message
        self._wire.send(message)

    def _confirmed(self, frames: list[Frame]) -> None:
        start, under_way = len(self._inbox), self._under_way
        for frame in frames:
            number = int(frame.subject[start:])
            if stored(frame):
                under_way.pop(number, None)
            elif number in under_way:
                self._not_taken(number, frame.payload)
        self.pump()

    def _not_taken(self, number: int, payload: bytes) -> None:
        # No payload: nobody listens, as while a server starts or moves a stream; that passes.
        error = json.loads(payload)["error"] if payload.startswith(b"{") else {}
        full = error.get("err_code") in _FULL
        if not error or (error.get("code") == 503 and not full):
            self._again.append((time.perf_counter() + RETRY_S, number))
            return
        del self._under_way[number]
        self._refused(number, str(error.get("description", "refused")), full)
