"""Taking connections from the socket that all replicas share, so that each replica gets its part.

A replica takes a waiting connection at once only while no other has fewer open; else it gives the others a moment for
each that it has more, to take it first. A replica that is draining hangs back the same way. Nobody leaves a connection
waiting for good, so a replica that died with few connections to its name costs later ones that moment, and no more.
"""

import asyncio
import logging
import mmap
import os
import socket
from collections.abc import Callable

from strategies.hosts.lifeline.place import Place

_MOMENT_S = 0.002
_MOST_MOMENTS = 10
_NO_ROOM_S = 0.1
_SLOT = 4  # bytes of a count
_log = logging.getLogger("drydock")


class OpenConnections:
    """How many connections each replica has open, in memory that they share."""

    def __init__(self, place: Place) -> None:
        self._mine, self._of = place.number, place.of
        self._memory = self._map(place)
        self._counts = memoryview(self._memory).cast("i")

    def add(self, change: int) -> None:
        self._counts[self._mine] += change

    def excess(self) -> int:
        """How many more than the replica with the fewest."""
        return self._counts[self._mine] - min(self._counts[: self._of])

    def _map(self, place: Place) -> mmap.mmap:
        if place.folder is None or place.of == 1:
            return mmap.mmap(-1, _SLOT * place.of)
        fd = os.open(place.folder / "connections", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(fd, _SLOT * place.of)
            return mmap.mmap(fd, _SLOT * place.of)
        finally:
            os.close(fd)


class Acceptor:
    """Accepts on `listener` and gives each connection a protocol of its own."""

    def __init__(
        self, listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol], open_connections: OpenConnections
    ) -> None:
        self._listener, self._make_protocol, self._open = listener, make_protocol, open_connections
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.hang_back = False
        """Whether to let the others take every connection that they will."""
        self._resume()

    def close(self) -> None:
        """Take no more; the listening socket is closed."""
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._waiting)

    def _waiting(self) -> None:
        moments = _MOST_MOMENTS if self.hang_back else min(self._open.excess(), _MOST_MOMENTS)
        if moments > 0:
            self._loop.remove_reader(self._listener)
            self._loop.call_later(_MOMENT_S * moments, self._after_a_moment)
        else:
            self._accept()

    def _after_a_moment(self) -> None:
        self._resume()
        if self._listener.fileno() >= 0:
            self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return  # another replica was quicker, or the client has gone again
        except OSError as error:  # no descriptor is free: to look again at once would be all that this process does
            _log.error("cannot take a connection: %s", error)
            self._loop.remove_reader(self._listener)
            self._loop.call_later(_NO_ROOM_S, self._resume)
            return
        connection.setblocking(False)
        self._open.add(1)  # now, and not when the protocol is there: the others look at it meanwhile
        task = self._loop.create_task(self._hand_over(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError:
            self._open.add(-1)
            connection.close()
