"""Kept-alive connections from the router to one deployment."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import httptools

LOST = "the connection was lost before the answer"
LATE = "no answer in time"
_IDLE_KEPT = 256


class Exchange:
    """One request on its way to a deployment. `done` is called once: with a whole response, or with None."""

    __slots__ = ("began_s", "deadline_s", "done", "head_only", "over", "request")

    def __init__(
        self, request: bytes, deadline_s: float, done: "Callable[[Reply | None, str], None]", head_only: bool = False
    ) -> None:
        self.request, self.deadline_s, self.done, self.head_only = request, deadline_s, done, head_only
        self.over = False

    def end(self, reply: "Reply | None", why: str = "") -> None:
        if not self.over:
            self.over = True
            self.done(reply, why)


class Reply:
    """A whole response, as it came."""

    __slots__ = ("body", "code", "last", "raw")

    def __init__(self, code: int, raw: bytes, body: bytes, last: bool) -> None:
        self.code, self.raw, self.body = code, raw, body
        self.last = last
        """Whether the server closes the connection after it."""


class Upstream:
    """One deployment. Every connection carries one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = host, port
        self._idle: deque[_Connection] = deque()
        self._connections: set[_Connection] = set()
        self._dialling: set[asyncio.Task[None]] = set()
        self.under_way: set[Exchange] = set()

    def send(self, exchange: Exchange) -> None:
        """Send a request on an idle connection, or on a new one."""
        self.under_way.add(exchange)
        while self._idle:
            connection = self._idle.pop()  # the one used last: it is the likeliest to be alive
            if connection.start(exchange):
                return
        task = self._loop.create_task(self._dial(exchange))
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    def expire(self, now_s: float) -> None:
        """End requests whose time is over; their connections are of no more use."""
        for connection in [c for c in self._connections if c.exchange and c.exchange.deadline_s <= now_s]:
            connection.abort(LATE)
        for exchange in [e for e in self.under_way if e.deadline_s <= now_s]:
            self.finish(exchange, None, LATE)

    def close(self) -> None:
        for connection in tuple(self._connections):
            connection.abort("the router stops")

    def finish(self, exchange: Exchange, reply: Reply | None, why: str = "") -> None:
        self.under_way.discard(exchange)
        exchange.end(reply, why)

    def free(self, connection: "_Connection") -> None:
        if len(self._idle) < _IDLE_KEPT:
            self._idle.append(connection)
        else:
            connection.abort("")

    def opened(self, connection: "_Connection") -> None:
        self._connections.add(connection)

    def lost(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _dial(self, exchange: Exchange) -> None:
        try:
            _, connection = await self._loop.create_connection(lambda: _Connection(self), *self._address)
        except OSError as error:
            self.finish(exchange, None, f"no connection ({error.strerror or error})")
            return
        if exchange.over or not connection.start(exchange):
            if not exchange.over:
                self.finish(exchange, None, "the connection closed at once")
            else:
                self.free(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, home: Upstream) -> None:
        self._home = home
        self._transport: Any = None
        self._reset()

    def _reset(self) -> None:
        self.exchange: Exchange | None = None
        self._raw: list[bytes] = []
        self._body: list[bytes] = []
        self._complete, self._keeps = False, True
        self._parser = httptools.HttpResponseParser(self)

    def start(self, exchange: Exchange) -> bool:
        """Send it, unless the connection is closing."""
        if self._transport is None or self._transport.is_closing():
            return False
        self.exchange = exchange
        self._transport.write(exchange.request)
        return True

    def abort(self, why: str) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._fail(why)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._home.opened(self)

    def data_received(self, data: bytes) -> None:
        if self.exchange is None:
            self.abort("")  # an answer to nothing
            return
        self._raw.append(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.abort(f"unreadable answer ({error})")
            return
        if self._complete:
            self._deliver()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_headers_complete(self) -> None:
        self._keeps = self._parser.should_keep_alive()  # only now: once the message is over, it has forgotten
        if self.exchange is not None and self.exchange.head_only:
            self._complete = True

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._complete = True
        else:  # an interim answer ("100 Continue"); the real one follows
            self._raw, self._body = [], []

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._home.lost(self)
        if self.exchange is not None and self._raw and self._ends_with_the_connection():
            self._deliver()
        self._fail(LOST)

    def _ends_with_the_connection(self) -> bool:
        head = b"".join(self._raw).partition(b"\r\n\r\n")[0].lower()
        return b"\r\ncontent-length:" not in head and b"\r\ntransfer-encoding:" not in head and b" 200" in head

    def _deliver(self) -> None:
        exchange, code = self.exchange, self._parser.get_status_code()
        assert exchange is not None
        reply = Reply(code, b"".join(self._raw), b"".join(self._body), not self._keeps)
        self._reset()
        if reply.last or self._transport.is_closing():
            self._transport.close()
        else:
            self._home.free(self)
        self._home.finish(exchange, reply)

    def _fail(self, why: str) -> None:
        if self.exchange is not None:
            exchange, self.exchange = self.exchange, None
            self._home.finish(exchange, None, why)
