"""The NATS protocol as bytes, against `nats-py`'s own parser and writer."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.protocol.parser import Parser as TheirParser

from data.errors import InvalidValue
from strategies.streams.frames import (
    Delivery,
    Parser,
    delivery,
    header,
    header_block,
    hpub,
    pub,
    status,
)

TOKEN = st.text("abcdefgh.$_-0123456789", min_size=1, max_size=20).map(str.encode)
MESSAGES = st.tuples(
    TOKEN, st.integers(1, 999), st.one_of(st.just(b""), TOKEN), st.one_of(st.none(), TOKEN), st.binary(max_size=300)
)


def delivered(subject: bytes, sid: int, reply: bytes, name: bytes | None, payload: bytes) -> bytes:
    """The message as the server writes it."""
    where = b" ".join(filter(None, [subject, b"%d" % sid, reply]))
    if name is None:
        return b"MSG %b %d\r\n%b\r\n" % (where, len(payload), payload)
    block = header_block({b"Nats-Msg-Id": name})
    return b"HMSG %b %d %d\r\n%b%b\r\n" % (where, len(block), len(block) + len(payload), block, payload)


class TheirClient:
    """What `nats-py`'s parser calls."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, int, bytes, bytes, bytes]] = []

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        self.seen.append((bytes(subject), sid, bytes(reply), headers or b"", data))

    async def _process_ping(self) -> None:
        self.seen.append((b"PING", 0, b"", b"", b""))


@given(st.lists(MESSAGES, max_size=8), st.data())
def test_the_parser_reads_what_nats_py_reads_however_the_bytes_are_cut(
    messages: list[tuple[bytes, int, bytes, bytes | None, bytes]], data: st.DataObject
) -> None:
    stream = b"PING\r\n".join(delivered(*message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    ours, found, pings = Parser(), [], 0
    theirs = TheirClient()
    for piece in pieces:
        frames, lines = ours.feed(piece)
        found += [(f.subject, f.sid, f.reply, f.headers, f.payload) for f in frames]
        pings += lines.count(b"PING")
    asyncio.run(TheirParser(theirs).parse(stream))
    assert found == [seen for seen in theirs.seen if seen[0] != b"PING"]
    assert pings == sum(seen[0] == b"PING" for seen in theirs.seen)


@pytest.mark.parametrize("line", [b"HTTP/1.1 400 Bad Request", b"MSG", b"MSG a b c", b"MOO 1 2", b"HMSG a 1 x 3", b""])
def test_what_is_not_nats_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidValue, match="is not NATS"):
        Parser().feed(line + b"\r\n")


@given(TOKEN, st.binary(max_size=50), TOKEN)
def test_what_is_published_states_its_lengths(subject: bytes, payload: bytes, name: bytes) -> None:
    block = header_block({b"Nats-Msg-Id": name})
    line, rest = pub(subject, payload, b"reply").split(b"\r\n", 1)
    assert line == b"PUB %b reply %d" % (subject, len(payload))
    assert rest == payload + b"\r\n"
    line, rest = hpub(subject, block, payload).split(b"\r\n", 1)
    assert line.split() == [b"HPUB", subject, b"%d" % len(block), b"%d" % (len(block) + len(payload))]
    assert rest == block + payload + b"\r\n"


@given(st.dictionaries(st.sampled_from([b"A", b"Drydock-Reason", b"Nats-Msg-Id"]), st.binary(max_size=30)))
def test_a_header_cannot_begin_another(values: dict[bytes, bytes]) -> None:
    block = header_block(values)
    assert block.count(b"\r\n") == len(values) + 2
    for name, value in values.items():
        assert header(block, name) == b" ".join(value.splitlines()).strip()


def test_a_header_is_found_by_its_whole_name() -> None:
    block = header_block({b"Orig-Nats-Msg-Id": b"other", b"Nats-Msg-Id": b"own"})
    assert header(block, b"Nats-Msg-Id") == b"own"
    assert header(block, b"Msg-Id") == b""


def test_statuses() -> None:
    assert status(b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n") == 408
    assert status(b"NATS/1.0 503\r\n\r\n") == 503
    assert status(header_block({b"Nats-Msg-Id": b"408"})) == 0


def test_delivery_is_read_from_both_forms_of_the_acknowledgement() -> None:
    assert delivery(b"$JS.ACK.stream.group.2.77.5.1700000000000000000.9") == Delivery(2, 77, 9)
    later = b"$JS.ACK.hub.ACCOUNT.stream.group.2.77.5.1700000000000000000.9.token"
    assert delivery(later) == Delivery(2, 77, 9)
