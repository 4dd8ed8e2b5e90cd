"""Replicas of one service talk to each other over Unix sockets in the folder that they share.

Whichever replica takes up an administrator's or Prometheus' request asks the others on its behalf. Each message is one
JSON object on one line, answered by another. A replica that is dead does not answer, and is left out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from strategies.hosts.lifeline.place import Place

Handle = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Peers:
    """This replica's side of the talk: `handle` answers what the others ask, and what this one asks itself."""

    def __init__(self, place: Place, handle: Handle) -> None:
        self._place, self._handle = place, handle
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen to the others; nothing to do for a replica that is alone."""
        if self._place.folder is not None and self._place.of > 1:
            self._server = await asyncio.start_unix_server(self._serve, self._path(self._place.number))

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def ask_all(self, message: dict[str, Any]) -> dict[int, dict[str, Any]]:
        """Every living replica's answer, by its number."""
        numbers = range(self._place.of)
        answers = await asyncio.gather(*(self._ask(number, message) for number in numbers))
        return {number: answer for number, answer in zip(numbers, answers, strict=True) if answer is not None}

    async def _ask(self, number: int, message: dict[str, Any]) -> dict[str, Any] | None:
        if number == self._place.number:
            return await self._handle(message)
        try:
            reader, writer = await asyncio.open_unix_connection(self._path(number))
        except OSError:
            return None
        try:
            writer.write(orjson.dumps(message) + b"\n")
            line = await reader.readline()
        except OSError:
            return None
        finally:
            writer.close()
        answer: dict[str, Any] | None = orjson.loads(line) if line else None
        return answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(orjson.dumps(await self._handle(orjson.loads(await reader.readline()))) + b"\n")
            await writer.drain()
        except (OSError, orjson.JSONDecodeError):
            pass
        finally:
            writer.close()

    def _path(self, number: int) -> str:
        assert self._place.folder is not None
        return str(self._place.folder / f"replica-{number}.sock")
