"""Reads the stream of answers in order, from where the last connection left off."""

import json
import secrets
import time
from collections.abc import Callable

from strategies.streams.frames import Frame, delivery, pub_json
from strategies.streams.names import Names
from strategies.streams.puller import Puller
from strategies.streams.wire import Wire

BATCH = 1_024
INACTIVE_S = 60.0
RETRY_S = 0.1


class AnswerReader:
    """Hands on every stored answer once per connection at least; whoever takes them tells repeats by their ids.

    It reads through a consumer without acknowledgements that lives as long as the connection. After a new connection it
    makes another, which begins behind the last answer seen.
    """

    def __init__(self, wire: Wire, names: Names, inbox: bytes, deliver: Callable[[list[Frame]], None]) -> None:
        self._wire, self._names, self._deliver = wire, names, deliver
        self._inbox = inbox
        self._last = 0
        self._epoch = 0
        self._ready = False
        self._asked_s = 0.0
        self._consumer = ""
        self._puller = Puller(wire, inbox + b".p", names.answers, "", BATCH, self._take)
        wire.subscribe(inbox + b".c", self._created)

    def pump(self) -> None:
        """Ask for what is missing: a consumer after a new connection, more answers otherwise."""
        if not self._wire.connected:
            return
        if self._wire.epoch != self._epoch or self._puller.trouble:
            self._epoch, self._ready, self._asked_s, self._puller.trouble = self._wire.epoch, False, 0.0, 0
        if self._ready:
            self._puller.pull()
        elif time.perf_counter() - self._asked_s > RETRY_S * 10:
            self._create()

    def _create(self) -> None:
        self._asked_s = time.perf_counter()
        self._consumer = f"client_{secrets.token_hex(6)}"
        config = {
            "name": self._consumer, "deliver_policy": "by_start_sequence", "opt_start_seq": self._last + 1,
            "ack_policy": "none", "mem_storage": True, "num_replicas": 1, "inactive_threshold": int(INACTIVE_S * 1e9),
        }  # fmt: skip
        subject = f"$JS.API.CONSUMER.CREATE.{self._names.answers}.{self._consumer}".encode()
        request = {"stream_name": self._names.answers, "config": config}
        self._wire.send(pub_json(subject, request, self._inbox + b".c"))

    def _created(self, replies: list[Frame]) -> None:
        for reply in replies:
            found = json.loads(reply.payload) if reply.payload else {"error": "nobody listens"}
            if found.get("name") == self._consumer:
                self._ready = True
                self._puller.move(self._consumer)
                self.pump()
            elif "error" in found:  # the server is still starting: ask again
                self._asked_s = time.perf_counter() - RETRY_S * 9

    def _take(self, frames: list[Frame]) -> None:
        self._last = max(self._last, delivery(frames[-1].reply).stream_seq)
        self._deliver(frames)
