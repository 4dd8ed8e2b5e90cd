"""A request in a consumer's hands: whose it is, and how often it was handed out."""

from typing import NamedTuple

from strategies.streams.frames import MSG_ID, Delivery, Frame, delivery, header

SUSPECT = b"suspect."
"""Stands before the id of a request that was set apart, which the stream would otherwise drop as a duplicate."""
_PLAIN = b"NATS/1.0\r\nNats-Msg-Id: "


class Job(NamedTuple):
    """One delivered request."""

    id: bytes
    frame: Frame
    at: Delivery


def job_of(frame: Frame) -> Job:
    """The job in a delivered message."""
    at, headers = delivery(frame.reply), frame.headers
    if headers.startswith(_PLAIN) and headers.find(b"\r\n", len(_PLAIN)) == len(headers) - 4:
        name = headers[len(_PLAIN) : -4]  # the one header that our publisher writes
    else:
        name = header(headers, MSG_ID)
    # A publisher that names nothing is answered under the message's place in the stream, the same at every delivery.
    return Job(name.removeprefix(SUSPECT) or b"%b-%d" % (frame.subject, at.stream_seq), frame, at)


def stored(confirmation: Frame) -> bool:
    """Whether the server says that a message is stored, now or before as a duplicate."""
    return confirmation.payload.startswith(b"{") and b'"error"' not in confirmation.payload
