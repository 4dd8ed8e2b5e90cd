"""Keeps messages flowing from a pull consumer: always asks for the next ones before the last ones are used up."""

import time
from collections.abc import Callable

from strategies.streams.frames import Frame, header, pub_json, status
from strategies.streams.wire import Wire

EXPIRES_S = 30.0
HEARTBEAT_S = 0.5
_PENDING = b"Nats-Pending-Messages"
_HEARTBEAT, _NOTHING_NOW, _RAN_OUT = 100, 404, 408


class Puller:
    """Asks one pull consumer for messages, `batch` ahead at most, and hands them on.

    A pull ends when its messages are delivered, when the server says so (a status message), with the connection, or
    when not even a heartbeat has come for a while: a server that restarted may know nothing of it.
    """

    def __init__(
        self, wire: Wire, inbox: bytes, stream: str, consumer: str, batch: int, deliver: Callable[[list[Frame]], None]
    ) -> None:
        self.batch = batch
        self.trouble = 0
        """How often the consumer was found missing or silent."""
        self._wire, self._inbox, self._stream, self._deliver = wire, inbox, stream, deliver
        self._open = 0  # messages asked for and not yet delivered
        self._epoch = 0
        self._silent_s = self._looked_s = 0.0
        self._again_s = 0.0
        self.move(consumer)
        wire.subscribe(inbox, self._take)

    def move(self, consumer: str) -> None:
        """Pull from another consumer of the stream from now on."""
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{consumer}".encode()
        self._open = 0
        self._again_s = 0.0

    def pull(self) -> None:
        """Ask for more when fewer than half a batch is on its way. To be called often; it costs nothing otherwise."""
        if not self._wire.connected:
            return
        now_s = time.perf_counter()
        # Only the time counts in which somebody looked: a caller who was busy has not heard what has long come.
        self._silent_s += min(now_s - self._looked_s, HEARTBEAT_S / 4) if self._open else 0.0
        self._looked_s = now_s
        silent = self._silent_s > 3 * HEARTBEAT_S
        if self._wire.epoch != self._epoch or silent:
            self.trouble += silent
            self._epoch, self._open, self._silent_s = self._wire.epoch, 0, 0.0
        if self._open <= self.batch // 2 and now_s >= self._again_s:
            self._ask(self.batch - self._open)
            self._open = self.batch

    def _ask(self, count: int) -> None:
        expires, heartbeat = int(EXPIRES_S * 1e9), int(HEARTBEAT_S * 1e9)
        wanted = {"batch": count, "expires": expires, "idle_heartbeat": heartbeat}
        self._wire.send(pub_json(self._subject, wanted, self._inbox))

    def _take(self, frames: list[Frame]) -> None:
        self._silent_s = 0.0
        messages = [frame for frame in frames if not (frame.headers and status(frame.headers))]
        if len(messages) != len(frames):
            for frame in frames:
                if code := status(frame.headers):
                    self._ended(code, frame)
        self._open = max(0, self._open - len(messages))
        if messages:
            self._deliver(messages)

    def _ended(self, code: int, frame: Frame) -> None:
        if code == _HEARTBEAT:
            return
        left = header(frame.headers, _PENDING)
        self._open = max(0, self._open - int(left)) if left.isdigit() else 0
        if code not in (_RAN_OUT, _NOTHING_NOW):  # the consumer is missing or moving: do not hammer the server
            self.trouble += 1
            self._again_s = time.perf_counter() + 0.1
