"""The little of ASGI that the platform needs: reading a body, giving an answer, listening on a port."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_KEEP_ALIVE_S = 3_600  # an instance asks for its next event on the same connection, however long that takes


def configuration(application: Application) -> uvicorn.Config:
    """uvicorn, plain and silent."""
    return uvicorn.Config(
        application, loop="uvloop", http="httptools", ws="none", lifespan="off", interface="asgi3",
        log_level="warning", access_log=False, server_header=False, date_header=False, proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S, timeout_graceful_shutdown=1,
    )  # fmt: skip


async def listening(application: Application) -> tuple[asyncio.Server, int]:
    """Serve an application on a free port of the loopback interface; the server and the port."""
    config, state = configuration(application), ServerState()
    config.load()
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), sock=found
    )
    return server, found.getsockname()[1]


async def body_of(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None when it is longer than `limit`, of which nothing is kept."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()  # read on, though: a client that is still sending would not see our answer
        if not message.get("more_body"):
            return b"".join(chunks) if size <= limit else None


async def answer(send: Send, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
    """A JSON answer."""
    pairs = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    pairs += [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
