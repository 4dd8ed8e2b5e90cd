"""The NATS client protocol as bytes: what a client sends, and a parser for what the server sends.

Source: https://docs.nats.io/reference/reference-protocols/nats-protocol. Every message that a stream delivers or
confirms passes through here, so a read is parsed as a whole and handed on as lists; nothing is awaited per message.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from data.errors import InvalidValue

CRLF = b"\r\n"
HEADER_LINE = b"NATS/1.0"
MSG_ID = b"Nats-Msg-Id"
_M, _H = ord("M"), ord("H")
_MESSAGES = {b"MSG": False, b"HMSG": True}
_CONTROLS = (b"INFO", b"PING", b"PONG", b"+OK", b"-ERR")


class Frame(NamedTuple):
    """One message as the server delivered it."""

    subject: bytes
    sid: int
    """Number of the subscription that it came for."""
    reply: bytes
    headers: bytes
    """The raw header block, ending in an empty line; empty when the message has none."""
    payload: bytes


class Parser:
    """Turns what is read from the socket into messages and control lines, keeping what is incomplete for later."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> tuple[list[Frame], list[bytes]]:
        """Messages, and the other lines (INFO, PING, PONG, +OK, -ERR), that are complete after `data`.

        A line that is none of the protocol raises `InvalidValue`: the other side is not a NATS server.
        """
        buffer = self._rest + data if self._rest else data
        frames: list[Frame] = []
        lines: list[bytes] = []
        at = 0
        while (eol := buffer.find(CRLF, at)) >= 0:
            if buffer[at] not in (_M, _H):
                lines.append(_control(buffer[at:eol]))
                at = eol + 2
                continue
            frame, end = _message(buffer, at, eol)
            if frame is None:
                break
            frames.append(frame)
            at = end
        self._rest = buffer[at:]
        return frames, lines


def _message(buffer: bytes, at: int, eol: int) -> tuple[Frame | None, int]:
    parts = buffer[at:eol].split()
    try:
        with_headers = _MESSAGES[parts[0]]
        body = eol + 2
        head, end = body + int(parts[-2]) if with_headers else body, body + int(parts[-1]) + 2
        if len(buffer) < end:
            return None, at
        reply = parts[3] if len(parts) == (6 if with_headers else 5) else b""
        return Frame(parts[1], int(parts[2]), reply, buffer[body:head], buffer[head : end - 2]), end
    except (KeyError, IndexError, ValueError) as error:
        raise _not_nats(buffer[at:eol]) from error


def _control(line: bytes) -> bytes:
    if not line.startswith(_CONTROLS):
        raise _not_nats(line)
    return line


def _not_nats(line: bytes) -> InvalidValue:
    return InvalidValue("line from the server", line, "is not NATS", "check that the address is a NATS server's")


def pub(subject: bytes, payload: bytes = b"", reply: bytes = b"") -> bytes:
    """A message without headers."""
    return b"PUB %b %b %d\r\n%b\r\n" % (subject, reply, len(payload), payload)


def hpub(subject: bytes, headers: bytes, payload: bytes, reply: bytes = b"") -> bytes:
    """A message with the header block that `header_block` makes."""
    return b"HPUB %b %b %d %d\r\n%b%b\r\n" % (
        subject, reply, len(headers), len(headers) + len(payload), headers, payload
    )  # fmt: skip


def pub_json(subject: bytes, value: Mapping[str, Any], reply: bytes = b"") -> bytes:
    """A request to the JetStream API, or any other message whose payload is JSON."""
    return pub(subject, json.dumps(value).encode(), reply)


def header_block(headers: Mapping[bytes, bytes]) -> bytes:
    """Headers as they travel. A line break in a value would begin another header, so it becomes a space."""
    lines = [b"%b: %b\r\n" % (name, b" ".join(value.splitlines())) for name, value in headers.items()]
    return b"%b\r\n%b\r\n" % (HEADER_LINE, b"".join(lines))


def header(block: bytes, name: bytes) -> bytes:
    """Value of the first header of that name, compared exactly; empty when there is none."""
    start = block.find(b"\r\n%b:" % name)
    if start < 0:
        return b""
    start += len(name) + 3
    return block[start : block.find(CRLF, start)].strip()


def status(block: bytes) -> int:
    """Status in the first line of a header block, such as 408 (a pull ran out); 0 for an ordinary message."""
    code = block[len(HEADER_LINE) + 1 : len(HEADER_LINE) + 4]
    return int(code) if code.isdigit() else 0


class Delivery(NamedTuple):
    """What JetStream says about a delivered message, in the subject that acknowledges it."""

    delivered: int
    """How often it was delivered, this time included."""
    stream_seq: int
    pending: int
    """Messages that wait behind it: the lag."""


def delivery(ack: bytes) -> Delivery:
    """Read ``$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>``.

    Servers of a later form put a domain and an account in front, and may append a token; source: ADR-15.
    """
    parts = ack.split(b".")
    first = 4 if len(parts) == 9 else 6
    return Delivery(int(parts[first]), int(parts[first + 1]), int(parts[first + 4]))
