"""Answers on their way into their stream: sent, confirmed, and sent again where the server had no room."""

import time
from collections import deque
from collections.abc import Callable

from strategies.streams.frames import Frame, hpub, pub
from strategies.streams.job import stored
from strategies.streams.wire import Wire

RETRY_S = 0.25
"""How long an answer that the server could not store waits."""


class Outbox:
    """Publishes answers; `done` is told the acknowledgement subject of each request whose answer is stored.

    The server confirms to a subject that ends in the request's own acknowledgement subject, so each confirmation tells
    by itself what to acknowledge.
    """

    def __init__(self, wire: Wire, subject: str, inbox: bytes, done: Callable[[bytes], None]) -> None:
        self.refused = 0
        """How often the server refused an answer."""
        self._wire, self._subject, self._confirm, self._done = wire, subject.encode(), inbox + b".", done
        self._sent: dict[bytes, bytes] = {}
        self._again: deque[tuple[float, bytes]] = deque()
        wire.subscribe(inbox + b".>", self._confirmed)

    @property
    def waiting(self) -> int:
        """Answers sent that the server has not stored."""
        return len(self._sent)

    @property
    def stuck(self) -> bool:
        """Whether the server refuses answers, its stream of them being full: no more requests should be taken up."""
        return bool(self._again)

    def put(self, ack: bytes, headers: bytes, payload: bytes) -> None:
        """Publish the answer to the request that is acknowledged at `ack`."""
        message = self._sent[ack] = hpub(self._subject, headers, payload, self._confirm + ack)
        self._wire.send(message)

    def pump(self) -> None:
        """Send again what the server refused to store a while ago."""
        while self._again and self._again[0][0] <= time.perf_counter():
            _, ack = self._again.popleft()
            # Being stuck is no fault of the request: without this it would be delivered again, and count as tried.
            self._wire.send(pub(ack, b"+WPI"))
            self._wire.send(self._sent[ack])

    def lost_connection(self) -> None:
        """Nothing that was under way will be confirmed; the server delivers those requests again."""
        self._sent.clear()
        self._again.clear()

    def _confirmed(self, confirmations: list[Frame]) -> None:
        prefix = len(self._confirm)
        for frame in confirmations:
            ack = frame.subject[prefix:]
            if ack not in self._sent:
                continue
            if stored(frame):
                del self._sent[ack]
                self._done(ack)
            else:
                self.refused += 1
                self._again.append((time.perf_counter() + RETRY_S, ack))
