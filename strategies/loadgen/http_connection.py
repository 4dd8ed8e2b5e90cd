"""One keep-alive connection: at most one request under way, the response read as it arrives, in however many pieces."""

import errno
import socket
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from typing import Protocol

import httptools

from data.trace import Status
from strategies.loadgen.http_message import Exchange

_READ_BYTES = 65_536
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EWOULDBLOCK))


class Pool(Protocol):
    """What a connection tells its owner."""

    bytes_moved: int

    def free(self, connection: "Connection") -> None:
        """It can carry another request."""

    def lost(self, connection: "Connection") -> None:
        """It is closed."""

    def retry(self, exchange: Exchange) -> None:
        """The server closed an idle connection as the request went out; nothing of it was answered."""


class Connection:
    """Also the parser's protocol object: httptools calls the `on_…` methods."""

    __slots__ = (
        "_body", "_code", "_complete", "_connected", "_headers", "_parser", "_pool", "_selector", "_served", "_socket",
        "_spoiled", "_started", "_unsent", "_writing", "exchange",
    )  # fmt: skip

    def __init__(self, address: tuple[str, int], selector: BaseSelector, pool: Pool) -> None:
        self._pool, self._selector = pool, selector
        self.exchange: Exchange | None = None
        self._served = 0
        self._spoiled = False
        self._unsent: bytes | memoryview = b""
        self._begin_response()
        self._parser = httptools.HttpResponseParser(self)
        self._socket: socket.socket | None = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self._socket.connect_ex(address)
        self._connected = code == 0
        self._writing = not self._connected
        selector.register(self._socket, EVENT_READ | (EVENT_WRITE if self._writing else 0), self)
        if code not in _UNDER_WAY:
            self._close()
            raise OSError(code, f"cannot connect to port {address[1]}")

    def _begin_response(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._started = self._complete = False
        self._code = 0

    def start(self, exchange: Exchange) -> None:
        """Send a request; only while `exchange` is None."""
        self.exchange = exchange
        self._begin_response()
        self._unsent = exchange.payload
        if self._connected:
            self._write()

    def ready(self, events: int) -> None:
        """The selector saw something."""
        if events & EVENT_WRITE and self._socket is not None:
            self._writable()
        if events & EVENT_READ and self._socket is not None and self._connected:
            self._readable()

    def give_up(self) -> None:
        """Close it; a request under way stays with the caller."""
        self.exchange = None
        self._end("")

    def _writable(self) -> None:
        assert self._socket is not None
        if not self._connected:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._end(f"no connection ({errno.errorcode.get(code, code)})")
                return
            self._connected = True
        self._write()

    def _write(self) -> None:
        assert self._socket is not None
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                self._pool.bytes_moved += sent
                self._unsent = memoryview(self._unsent)[sent:] if sent < len(self._unsent) else b""
        except BlockingIOError:
            pass
        except OSError:
            # The server may have answered before it read everything, and closed: the answer is still to be read.
            self._unsent, self._spoiled = b"", True
            self._readable()
            return
        if self._writing != bool(self._unsent):
            self._writing = bool(self._unsent)
            self._selector.modify(self._socket, EVENT_READ | (EVENT_WRITE if self._writing else 0), self)

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(f"the connection broke ({_name(error)})")
            return
        if not data:
            self._end_of_stream()
            return
        self._pool.bytes_moved += len(data)
        if self.exchange is None:  # nobody asked: a farewell such as 408, whose connection is of no more use
            self._end("")
            return
        self._started = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._spoiled = True
            if not self._complete:
                self._end(f"the server's answer is not HTTP ({error})")
                return
        if self._complete:
            self._deliver()

    def _deliver(self) -> None:
        exchange, self.exchange = self.exchange, None
        assert exchange is not None
        self._served += 1
        code, headers, body = self._code, self._headers, b"".join(self._body)
        if not self._unsent and not self._spoiled:
            self._pool.free(self)
        else:
            self._end("")
        exchange.succeed(code, headers, body)

    def _end_of_stream(self) -> None:
        unframed = b"content-length" not in self._headers and b"transfer-encoding" not in self._headers
        if self.exchange is not None and self._headers and unframed:  # then the body ends with the connection
            self._code, self._spoiled = self._parser.get_status_code(), True
            self._deliver()
        else:
            self._end("the server closed the connection before its answer was complete")

    def _end(self, reason: str) -> None:
        """Close it, and settle the request that was under way."""
        exchange, self.exchange = self.exchange, None
        self._close()
        self._pool.lost(self)
        if exchange is None:
            return
        if self._served and not self._started and exchange.attempts == 1:
            exchange.attempts += 1
            self._pool.retry(exchange)
        else:
            exchange.fail(Status.ERROR, reason)

    def _close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_begin(self) -> None:
        if self._complete:  # a second response to one request: the first counts, and the connection is of no more use
            raise ValueError("a second response to one request")

    def on_message_complete(self) -> None:
        self._code = self._parser.get_status_code()
        if self._code < 200:  # "100 Continue" and its like precede the answer
            self._headers.clear()
        else:
            self._complete = True
            self._spoiled |= not self._parser.should_keep_alive()  # the parser forgets it after this call


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error))
