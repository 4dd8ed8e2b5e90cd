"""The Lambda Runtime API, for one instance: the runtime asks for an event, answers it, and asks for the next.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Each instance has a port of its own, as on AWS it has a
machine of its own. The client is AWS's `awslambdaric`; nothing here knows how it works.
"""

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from strategies.functions.asgi import Receive, Scope, Send, answer, body_of

_PREFIX = "/2018-06-01/runtime"
_TYPE_HEADER = b"lambda-runtime-function-error-type"
MOST_BYTES = 6 << 20
"""Largest event and largest result of a synchronous invocation."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a function made of an event."""

    body: bytes
    """JSON; for an error an object with errorType, errorMessage and stackTrace."""
    error: str = ""
    """Type of the error; empty when there was none."""


@dataclass(slots=True)
class Invocation:
    """One event on its way through an instance."""

    event: bytes
    deadline_ms: int
    """Milliseconds since 1970 at which the platform stops waiting."""
    arn: str
    id: str = ""
    trace_id: str = field(default_factory=lambda: trace_id())
    client_context: str = ""
    result: "asyncio.Future[Result]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def headers(self) -> dict[str, str]:
        """What the runtime learns beside the event."""
        found = {
            "Lambda-Runtime-Aws-Request-Id": self.id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }
        return found | ({"Lambda-Runtime-Client-Context": self.client_context} if self.client_context else {})


def trace_id() -> str:
    """A new trace's header, as X-Ray writes it."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"


class RuntimeApi:
    """An ASGI application; `hand_over` gives its instance an event."""

    def __init__(self) -> None:
        self.ready: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """Done at the first question for an event: the init phase is over. An exception when init failed."""
        self._events: asyncio.Queue[Invocation | None] = asyncio.Queue()
        self._under_way: Invocation | None = None

    def hand_over(self, invocation: Invocation) -> None:
        self._events.put_nowait(invocation)

    def close(self) -> None:
        """Let a runtime that waits go without an event."""
        self._events.put_nowait(None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"].removeprefix(_PREFIX)
        parts = path.strip("/").split("/")
        if (method, path) == ("GET", "/invocation/next"):
            await self._next(send)
        elif (method, path) == ("POST", "/init/error"):
            await self._init_error(scope, receive, send)
        elif method == "POST" and len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            await self._settle(parts[1], parts[2] == "error", scope, receive, send)
        else:
            await _refuse(send, 404, "UnknownPath", f"There is no {method} {scope['path']}.")

    async def _next(self, send: Send) -> None:
        if not self.ready.done():
            self.ready.set_result(time.perf_counter())
        self._under_way = await self._events.get()
        if self._under_way is None:
            await _refuse(send, 500, "Shutdown", "This instance is being ended.")
            return
        await answer(send, 200, self._under_way.event, self._under_way.headers())

    async def _settle(self, request_id: str, failed: bool, scope: Scope, receive: Receive, send: Send) -> None:
        body = await body_of(receive, MOST_BYTES)
        current = self._under_way
        if current is None or current.id != request_id or current.result.done():
            await _refuse(send, 400, "InvalidRequestID", f"{request_id} is not under way here.")
        elif body is None:
            current.result.set_result(_too_large(MOST_BYTES))
            await _refuse(send, 413, "Function.ResponseSizeTooLarge", f"More than {MOST_BYTES:,} bytes.")
        else:
            current.result.set_result(Result(body, _error_type(scope) if failed else ""))
            await answer(send, 202, b'{"status":"OK"}')

    async def _init_error(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await body_of(receive, MOST_BYTES) or b"{}"
        if not self.ready.done():
            self.ready.set_exception(InitError(_error_type(scope), body))
        await answer(send, 202, b'{"status":"OK"}')


class InitError(Exception):
    """The function's module could not be imported; `document` is the runtime's report."""

    def __init__(self, kind: str, body: bytes) -> None:
        self.kind = kind
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            document = {}
        self.document: Mapping[str, Any] = document if isinstance(document, dict) else {}
        super().__init__(f"{kind}: {self.document.get('errorMessage', body.decode(errors='replace'))}")


def _error_type(scope: Scope) -> str:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return headers.get(_TYPE_HEADER, b"Unknown").decode("latin-1")


def _too_large(limit: int) -> Result:
    message = f"The function's result is longer than {limit:,} bytes."
    kind = "Function.ResponseSizeTooLarge"
    return Result(orjson.dumps({"errorType": kind, "errorMessage": message}), kind)


async def _refuse(send: Send, status: int, kind: str, message: str) -> None:
    await answer(send, status, orjson.dumps({"errorType": kind, "errorMessage": message}))
