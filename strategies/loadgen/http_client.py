"""A pool of keep-alive connections to one server, driven by the load generator's own loop.

Requests beyond the pool's bound wait in line; their wait is part of their latency. Requests go to the connection that
has been idle longest, so that a server with several workers is used evenly.
"""

import select
import selectors
import time
from collections import deque
from collections.abc import Callable

from data.trace import Status
from strategies.loadgen.http_connection import Connection
from strategies.loadgen.http_message import Exchange
from strategies.loadgen.quiet import WAKE_ERROR_S

__all__ = ["WAKE_ERROR_S", "HttpClient"]

_SELECT_BOUND = 1024  # select refuses larger descriptors
_EXPIRE_S = 0.01  # how often deadlines are looked at


class HttpClient:
    """Sends pre-serialised requests and calls back from within `poll`; never blocks on the network.

    Parameters
    ----------
    port
        Where the server listens on the loopback interface.
    timeout_s
        A request without its whole response this long after `send` ends with status timeout; its connection is closed.
    max_connections
        Requests under way at once.
    """

    def __init__(self, port: int, *, timeout_s: float, max_connections: int = 128, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._timeout_s = timeout_s
        self._bound = max_connections
        self._selector = selectors.DefaultSelector()
        self._selector_fd = _descriptor(self._selector)
        self._connections: set[Connection] = set()
        self._idle: deque[Connection] = deque()
        self._waiting: deque[Exchange] = deque()
        self._under_way: deque[Exchange] = deque()  # in order of deadline, as all have the same timeout
        self._expire_s = 0.0
        self._dispatching = False
        self.bytes_moved = 0
        """Bytes of requests and responses, headers included."""

    def send(self, payload: bytes, done: Callable[[Exchange], None], token: int = 0) -> None:
        """Send a whole request, as `http_message.request_bytes` makes it; `done` is called once, with its outcome."""
        exchange = Exchange(token, payload, done, time.perf_counter() + self._timeout_s)
        self._under_way.append(exchange)
        if self._idle and not self._waiting:
            self._idle.popleft().start(exchange)
        else:
            self._waiting.append(exchange)
            self._dispatch()

    def poll(self, wait_s: float) -> None:
        """Let responses arrive: returns at the first sign of life or after `wait_s` at most; 0 only looks."""
        if self._connections:
            for key, events in self._selector.select(self._sleep(wait_s) if wait_s > 0 else 0):
                key.data.ready(events)
                if self._waiting:
                    self._dispatch()
        elif wait_s > 0:
            time.sleep(wait_s)
        now = time.perf_counter()
        if now >= self._expire_s:
            self._expire_s = now + _EXPIRE_S
            self._expire(now)

    def _sleep(self, wait_s: float) -> float:
        """Wait for a sign of life, if less than a millisecond; returns what is left for the selector to wait."""
        if wait_s >= 1e-3 or self._selector_fd is None:
            return int(wait_s * 1e3) / 1e3  # the selector rounds up to a whole millisecond, so round down first
        # An epoll or kqueue descriptor is itself something to wait for, and `select` counts microseconds.
        select.select((self._selector_fd,), (), (), wait_s)
        return 0.0

    def open(self, connections: int) -> None:
        """Connect beforehand, up to the bound, so that no measured request pays for it."""
        for _ in range(min(connections, self._bound) - len(self._connections)):
            self._idle.append(self._connect())

    def close(self) -> None:
        """Close every connection; requests under way end with an error."""
        self._dispatching = True  # nothing that waits may take a place that becomes free now
        self._waiting.clear()
        for connection in tuple(self._connections):
            connection.give_up()
        for exchange in tuple(self._under_way):
            exchange.fail(Status.ERROR, "the client was closed")
        self._under_way.clear()
        self._selector.close()

    def free(self, connection: Connection) -> None:
        self._idle.append(connection)

    def lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._dispatch()

    def retry(self, exchange: Exchange) -> None:
        # Not on another idle connection: the server may have closed all of them.
        self._carry(exchange)

    def _connect(self) -> Connection:
        connection = Connection(self._address, self._selector, self)
        self._connections.add(connection)
        return connection

    def _dispatch(self) -> None:
        """Give waiting requests a connection each, as far as the bound allows."""
        if self._dispatching:  # a connection that fails at once reports back from within this loop
            return
        self._dispatching = True
        try:
            while self._waiting and (self._idle or len(self._connections) < self._bound):
                exchange = self._next_waiting()
                if exchange is None:
                    return
                if self._idle:
                    self._idle.popleft().start(exchange)
                else:
                    self._carry(exchange)
        finally:
            self._dispatching = False

    def _carry(self, exchange: Exchange) -> None:
        """Send it on a connection of its own making."""
        try:
            connection = self._connect()
        except OSError as error:
            exchange.fail(Status.ERROR, f"no connection ({error.strerror or error})")
        else:
            connection.start(exchange)

    def _next_waiting(self) -> Exchange | None:
        while self._waiting:
            exchange = self._waiting.popleft()
            if not exchange.over:
                return exchange
        return None

    def _expire(self, now: float) -> None:
        line = self._under_way
        late: list[Exchange] = []
        while line and (line[0].over or line[0].deadline_s <= now):
            exchange = line.popleft()
            if not exchange.over:
                late.append(exchange)
        if not late:
            return
        carrier = {c.exchange: c for c in self._connections if c.exchange is not None}
        for exchange in late:
            exchange.fail(Status.TIMEOUT, "no answer in time")
        for exchange in late:  # only now: a place that becomes free must not go to one that is late as well
            if connection := carrier.get(exchange):
                connection.give_up()


def _descriptor(selector: selectors.BaseSelector) -> int | None:
    """The selector's own descriptor, where it has one that `select` can take."""
    number = selector.fileno() if hasattr(selector, "fileno") else None
    return number if number is not None and number < _SELECT_BOUND else None
