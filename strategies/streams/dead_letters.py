"""Requests that nobody can answer: set aside with the reason, so that they never hold up those behind them.

A dead letter keeps the request's payload as it was; headers tell why it is there, whose it was and how often it was
tried. Its id in the stream of dead letters follows from the request's, so that a second attempt to set it aside is
dropped as a duplicate.
"""

import base64
from dataclasses import dataclass

from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from strategies.streams.frames import MSG_ID, header, header_block, hpub
from strategies.streams.names import Names
from strategies.streams.topology import API_TIMEOUT_S

REASON, REQUEST, DELIVERIES = b"Drydock-Reason", b"Drydock-Request", b"Drydock-Deliveries"
MAX_REASON_BYTES = 500


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One request that was set aside."""

    request: str
    """Its `Nats-Msg-Id`, or its place in the stream where it had none."""
    reason: str
    deliveries: int
    payload: bytes


def dead_letter_frame(names: Names, letter: DeadLetter, reply: bytes) -> bytes:
    """The message that sets a request aside; the server confirms it to `reply`."""
    headers = {
        MSG_ID: f"dead.{letter.request}".encode(),
        REQUEST: letter.request.encode(),
        REASON: _one_line(letter.reason),
        DELIVERIES: b"%d" % letter.deliveries,
    }
    return hpub(names.dead.encode(), header_block(headers), letter.payload, reply)


def term(ack_subject: bytes, reason: str) -> bytes:
    """Tell the server never to deliver a request again, and why."""
    body = b"+TERM " + _one_line(reason)
    return b"PUB %b %d\r\n%b\r\n" % (ack_subject, len(body), body)


def _one_line(reason: str) -> bytes:
    return " ".join(reason.split()).encode()[:MAX_REASON_BYTES]


async def dead_letters(client: Client, names: Names, limit: int = 100) -> list[DeadLetter]:
    """The oldest dead letters that are kept, `limit` at most."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    found: list[DeadLetter] = []
    number = 0
    while len(found) < limit:
        message = await _next_after(js, names.dead, number)
        if message is None:
            break
        number = message.seq or number + 1
        found.append(_letter(base64.b64decode(message.hdrs or b""), message.data or b""))
    return found


async def _next_after(js: JetStreamContext, stream: str, number: int) -> api.RawStreamMsg | None:
    try:
        return await js.get_msg(stream, seq=number + 1, subject=stream, next=True)
    except NotFoundError:
        return None


def _letter(headers: bytes, payload: bytes) -> DeadLetter:
    deliveries = header(headers, DELIVERIES)
    return DeadLetter(
        header(headers, REQUEST).decode(errors="replace"),
        header(headers, REASON).decode(errors="replace"),
        int(deliveries) if deliveries.isdigit() else 0,
        payload,
    )
