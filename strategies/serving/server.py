"""uvicorn's server, with two habits changed: how it takes connections, and how it stops.

Stopping (SIGTERM or SIGINT): the probes say so at once, every answer asks its client to close the connection, and the
server goes when no request is left or has come for a while. uvicorn alone closes idle connections at once, and a
request that crosses that on its way is lost.
"""

import asyncio
import time
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from strategies.hosts.lifeline.place import Place
from strategies.serving.accepting import Acceptor, OpenConnections
from strategies.serving.application import Application
from strategies.serving.settings import Settings

QUIET_S = 0.25
"""A draining server without requests for this long has been forgotten by its clients."""
DRAIN_S = 8.0
"""A draining server goes after this long in any case."""
_LOOK_EVERY_S = 0.05


class Server(uvicorn.Server):
    """Serves an application until it is told to stop; run it with `run`."""

    def __init__(self, application: Application, settings: Settings, place: Place) -> None:
        self._application, self._settings, self._place = application, settings, place
        self._open = OpenConnections(place)
        self._told_s: float | None = None
        self._last_request = (0, 0.0)
        self._chores: asyncio.Task[None] | None = None
        self._unfinished: dict[Any, float] = {}
        super().__init__(
            uvicorn.Config(
                application, loop="uvloop", http=_counting(self._open), ws="none", lifespan="off", log_level="warning",
                access_log=False, server_header=False, date_header=False, proxy_headers=False,
                timeout_keep_alive=_whole_seconds(settings.idle_timeout_s),
                timeout_graceful_shutdown=_whole_seconds(settings.timeout_s) + 1,
            )
        )  # fmt: skip

    def listen_and_run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        self._listener = self._place.listener(self._settings.host, self._settings.port)
        self.run(sockets=[])  # without sockets, uvicorn leaves the listening to `startup`

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._application.desk.waiting = self.server_state.tasks.__len__
        await self._application.peers.start()
        self._acceptor = Acceptor(self._listener, self._make_protocol, self._open)
        self._chores = asyncio.get_running_loop().create_task(self._do_chores())
        self._place.announce()

    async def shutdown(self, sockets: Any = None) -> None:
        self._acceptor.close()
        self._application.peers.close()
        await super().shutdown(sockets)
        if self._chores is not None:
            self._chores.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame  # unlike uvicorn we do not die of it in the end: having stopped as told is no failure
        if self._told_s is not None:
            self.should_exit = True  # told twice: go now
            return
        self._told_s = time.perf_counter()
        self._last_request = (-1, self._told_s)
        self._application.desk.draining = True
        if self.started:
            self._acceptor.hang_back = True

    async def _do_chores(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_s = time.perf_counter()
            self._application.desk.end_overdue(now_s)
            self._close_unfinished(now_s)
            if self._told_s is not None and self._is_drained(now_s):
                self.should_exit = True

    def _close_unfinished(self, now_s: float) -> None:
        """Close connections that began a request and have not finished its headers: no task watches over those yet."""
        found = {c for c in self.server_state.connections if _within_headers(c)}
        self._unfinished = {c: self._unfinished.get(c, now_s) for c in found}
        for connection, since_s in self._unfinished.items():
            if now_s - since_s > self._settings.timeout_s:
                connection.transport.close()

    def _is_drained(self, now_s: float) -> bool:
        assert self._told_s is not None
        state = self.server_state
        answered = sum(self._application.desk.counts.requests.values())  # predictions: probes go on regardless
        if state.tasks or answered != self._last_request[0]:
            self._last_request = (answered, now_s)
        quiet_s = now_s - self._last_request[1]
        return (not state.tasks and (not state.connections or quiet_s > QUIET_S)) or now_s - self._told_s > DRAIN_S

    def _make_protocol(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(config=self.config, server_state=self.server_state, app_state={})
        return made


def _counting(open_connections: OpenConnections) -> type[HttpToolsProtocol]:
    class Counted(HttpToolsProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            # uvicorn starts this timer after an answer only; a client that never asks must go too.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

        def connection_lost(self, exc: Exception | None) -> None:
            open_connections.add(-1)
            self._unset_keepalive_if_required()
            super().connection_lost(exc)

    return Counted


def _within_headers(connection: Any) -> bool:
    # uvicorn stops the idle timer at a request's first byte, and has a task for it when its headers are complete.
    answered = connection.cycle is None or connection.cycle.response_complete
    return answered and connection.timeout_keep_alive_task is None


def _whole_seconds(seconds: float) -> int:
    return max(1, round(seconds))
