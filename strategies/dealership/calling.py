"""How a component asks another: a plain call within the process, or HTTP/1.1 on kept-alive connections."""

import asyncio
from collections.abc import Mapping

import orjson

from data.errors import DrydockError
from strategies.dealership.contract import Component, Document, Unknown


class CallFailed(DrydockError):
    """Another component could not be asked, or did not answer as it should."""


class Within:
    """All in one process; the components are known only once they are built."""

    def __init__(self) -> None:
        self.components: Mapping[str, Component] = {}

    async def __call__(self, component: str, document: Document) -> Document:
        return await self.components[component].answer(document)


class Over:
    """Over the loopback interface; as many connections to each as there are questions under way at once.

    A general client's checks and retries take longer than these components take to answer.
    """

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports
        self._idle: dict[str, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {name: [] for name in ports}

    async def __call__(self, component: str, document: Document) -> Document:
        idle, body = self._idle[component], orjson.dumps(document)
        head = b"POST /ask HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n" % len(body)
        try:
            reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", self._ports[component])
            writer.write(head + body)
            status, answer = await _read(reader)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise CallFailed(f"{component} did not answer ({type(error).__name__}: {error}).") from error
        idle.append((reader, writer))
        found: Document = orjson.loads(answer)
        if status == 404:
            raise Unknown(str(found.get("detail", "")))
        if status != 200:
            raise CallFailed(f"{component} answered with status {status}: {found.get('detail', '')}")
        return found


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    begin = head.index(b"content-length:") + len(b"content-length:")
    length = int(head[begin : head.index(b"\r\n", begin)])
    return int(head[9:12]), await reader.readexactly(length)
