"""The side that users see: requests in, whole answers out, one at a time on each connection."""

import asyncio
from typing import Any, NamedTuple, Protocol

_MOST_HEAD = 64 * 1024
_MOST_BODY = 64 * 1024 * 1024


class Asked(NamedTuple):
    """A whole request, as it came."""

    raw: bytes
    head: bytes
    """In lower case, without the blank line."""
    method: bytes
    path: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """A header's value, or nothing."""
        start = self.head.find(b"\r\n" + name + b":")
        if start < 0:
            return b""
        start += len(name) + 3
        end = self.head.find(b"\r\n", start)
        return self.head[start : end if end >= 0 else None].strip()


class Taker(Protocol):
    """Who takes requests up; `Front.answer` is called once for each."""

    def take(self, asked: Asked, front: "Front") -> None: ...
    def opened(self, front: "Front") -> None: ...
    def closed(self, front: "Front") -> None: ...


class Front(asyncio.Protocol):
    """A user's connection."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker
        self._buffer = b""
        self._transport: Any = None
        self.busy = False
        self._last = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._taker.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._taker.closed(self)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self.busy:
            self._next()

    def answer(self, raw: bytes, last: bool = False) -> None:
        """The whole answer to the request that was taken last."""
        self.busy = False
        if self._transport is None:
            return
        self._transport.write(raw)
        if last or self._last:
            self._transport.close()
        elif self._buffer:
            self._next()

    def close_if_idle(self) -> None:
        if not self.busy and self._transport is not None:
            self._transport.close()

    def _next(self) -> None:
        """Take up the next request, if it is whole."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > _MOST_HEAD:
                self._refuse(b"431 Request Header Fields Too Large")
            return
        head = buffer[:end].lower()
        length = _length(head)
        if length is None:
            self._refuse(b"411 Length Required")
            return
        if length > _MOST_BODY:
            self._refuse(b"413 Content Too Large")
            return
        whole = end + 4 + length
        if len(buffer) < whole:
            if b"\r\nexpect: 100-continue" in head and len(buffer) == end + 4:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        raw, self._buffer = (buffer, b"") if len(buffer) == whole else (buffer[:whole], buffer[whole:])
        method, _, rest = buffer[:end].partition(b" ")
        path = rest.partition(b" ")[0]
        self._last = b"\r\nconnection: close" in head
        self.busy = True
        self._taker.take(Asked(raw, head, method, path, raw[end + 4 :]), self)

    def _refuse(self, status: bytes) -> None:
        self._buffer, self._last = b"", True
        self.answer(plain(status), last=True)


def _length(head: bytes) -> int | None:
    """How long the body is; None where it cannot be known beforehand."""
    if b"\r\ntransfer-encoding:" in head:
        return None
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    text = head[at + 17 :].partition(b"\r\n")[0].strip()
    return int(text) if text.isdigit() and b"\r\ncontent-length:" not in head[at + 17 :] else None


def plain(status: bytes, body: bytes = b"", kind: bytes = b"application/json", more: bytes = b"") -> bytes:
    """A whole answer of the router's own."""
    return b"HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s" % (status, kind, len(body), more, body)
