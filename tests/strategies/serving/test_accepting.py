"""Taking connections when it is this replica's turn, and when there is no room."""

import asyncio
import errno
import socket
import time
from pathlib import Path

import pytest

from strategies.hosts.lifeline.place import Place, bound
from strategies.serving.accepting import Acceptor, OpenConnections


class Full(socket.socket):
    """A listening socket whose process has no free descriptor, for a while."""

    refused = 0

    def accept(self) -> tuple[socket.socket, object]:
        if self.refused < 3:
            self.refused += 1
            raise OSError(errno.EMFILE, "too many open files")
        return super().accept()


class Greeter(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"hello")
        transport.close()


def listening(kind: type[socket.socket] = socket.socket) -> socket.socket:
    plain = bound("127.0.0.1", 0)
    found = kind(fileno=plain.detach())
    found.listen()
    found.setblocking(False)
    return found


async def greeted(listener: socket.socket, place: Place, others: int = 0) -> tuple[bytes, float]:
    """What a client is told, and how long it waited; other replicas have `others` connections fewer."""
    connections = OpenConnections(place)
    connections.add(others)
    acceptor = Acceptor(listener, Greeter, connections)
    begun_s = time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        told = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return told, time.perf_counter() - begun_s
    finally:
        acceptor.close()
        acceptor.close()  # closing twice is no mistake


def test_a_lone_replica_takes_what_comes() -> None:
    told, _ = asyncio.run(greeted(listening(), Place()))
    assert told == b"hello"


@pytest.mark.parametrize("excess", [0, 1, 30])
def test_a_replica_with_more_hangs_back_and_takes_it_in_the_end(tmp_path: Path, excess: int) -> None:
    told, waited_s = asyncio.run(greeted(listening(), Place(0, 2, tmp_path), excess))
    assert told == b"hello"
    assert waited_s >= 0.002 * min(excess, 10) * 0.9


def test_without_a_free_descriptor_it_tries_again_later() -> None:
    listener = listening(Full)
    told, waited_s = asyncio.run(greeted(listener, Place()))
    assert told == b"hello"
    assert isinstance(listener, Full)
    assert listener.refused == 3
    assert waited_s >= 0.3 * 0.9
