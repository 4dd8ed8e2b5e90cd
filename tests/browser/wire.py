"""The wire between one browser and the server, which notes when either speaks.

Where both share a machine, a busy browser hears an answer late. Here it is heard when it leaves the server.
"""

import asyncio
import time
from types import TracebackType
from urllib.parse import urlsplit

_CHUNK_BYTES = 1 << 16
_SIGNS_OF_LIFE = (0x89, 0x8A)
"""How a WebSocket's ping and pong begin (RFC 6455, 5.2), which say nothing; compressed messages may be as short."""
_SIGN_BYTES = 16


class Wire:
    """A relay on a port of its own; use it as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        """`url` is the server's."""
        to = urlsplit(url)
        assert to.hostname is not None
        assert to.port is not None
        self._host, self._port = to.hostname, to.port
        self._asked_s: float | None = None
        self._answered_s = 0.0
        self._passing: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address under which this browser finds the server."""
        return f"http://{self._host}:{self._relay.sockets[0].getsockname()[1]}"

    def listen(self) -> None:
        """Begin anew: the next message to the server is the question."""
        self._asked_s = None

    def answer_ms(self) -> float:
        """From the question to the last that the server has said since."""
        assert self._asked_s is not None
        assert self._answered_s > self._asked_s
        return (self._answered_s - self._asked_s) * 1e3

    async def __aenter__(self) -> "Wire":
        self._relay = await asyncio.start_server(self._pass, self._host, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._relay.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            from_server, to_server = await asyncio.open_connection(self._host, self._port)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._hand_on(reader, to_server, asks=True))
                both.create_task(self._hand_on(from_server, writer, asks=False))
        except* (OSError, asyncio.CancelledError):
            pass  # either has hung up
        finally:
            writer.close()
            self._passing.discard(task)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool) -> None:
        try:
            while data := await reader.read(_CHUNK_BYTES):
                if len(data) > _SIGN_BYTES or data[0] not in _SIGNS_OF_LIFE:
                    self._note(asks)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    def _note(self, asks: bool) -> None:
        if not asks:
            self._answered_s = time.perf_counter()
        elif self._asked_s is None:
            self._asked_s = time.perf_counter()
