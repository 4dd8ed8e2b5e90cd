"""The platform's front: ``python -m strategies.functions.frontend --port N [settings] -- [the server's arguments]``.

It answers as a function URL does, and under ``/2015-03-31/functions/NAME/invocations`` as Lambda's Invoke API does.
Administration asks for a secret from the environment, which instances do not see: DRYDOCK_ADMIN_SECRET for shipping
another version, DRYDOCK_FRONT_SECRET for the state.
"""

import asyncio
import base64
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn

from data.errors import DrydockError
from strategies.functions import events
from strategies.functions.asgi import Receive, Scope, Send, answer, body_of, configuration
from strategies.functions.instance import Broken, Code
from strategies.functions.pool import Answered, Pool, Throttled
from strategies.functions.runtime_api import MOST_BYTES
from strategies.functions.settings import READY, STATE, parse
from strategies.hosts.lifeline.place import Place
from strategies.serving.access import LOOPBACK, bears

NAME = "drydock"
_INVOKE = "/2015-03-31/functions/"
_SECRETS = ("DRYDOCK_ADMIN_SECRET", "DRYDOCK_FRONT_SECRET")
_FAILURES = {"Sandbox.Timedout": 504}
_log = logging.getLogger("drydock")


class Front:
    """The ASGI application."""

    def __init__(self, pool: Pool, admin_secret: str, front_secret: str) -> None:
        self.pool = pool
        self._secrets = admin_secret, front_secret
        self._own: dict[tuple[str, str], Callable[[Scope, Receive, Send], Awaitable[None]]] = {
            ("GET", READY): self._ready,
            ("GET", STATE): self._state,
            ("POST", "/admin/versions"): self._ship,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        own = self._own.get((scope["method"], scope["path"]))
        if own is not None:
            await own(scope, receive, send)
        elif scope["path"].startswith(_INVOKE):
            await self._invoke_api(scope, receive, send)
        else:
            await self._function_url(scope, receive, send)

    async def _function_url(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await body_of(receive, MOST_BYTES)
        if body is None:
            await answer(send, 413, orjson.dumps({"Message": f"The body is longer than {MOST_BYTES:,} bytes."}))
            return
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        request = events.HttpRequest(scope["method"], path, scope["query_string"], list(scope["headers"]), body)
        peer = scope["client"][0] if scope.get("client") else ""
        made = events.made(request, f"{time.time_ns():x}", peer, time.time())
        try:
            answered = await self.pool.invoke(orjson.dumps(made), trace=_header(scope, b"x-amzn-trace-id"))
        except Throttled:
            await _throttled(send)
            return
        headers = _about(answered)
        if answered.result.error:
            await _failed(send, answered, headers)
            return
        found = events.understood(_loaded(answered.result.body))
        if found is None:
            document = {"Message": "Internal Server Error", "reason": "the function's answer has the wrong form"}
            await answer(send, 502, orjson.dumps(document), headers)
            return
        self._note(answered, found)
        await _pass_on(send, found, headers)

    def _note(self, answered: Answered, found: events.HttpAnswer) -> None:
        """Keep a cold start's phases."""
        text = dict(found.headers).get(b"x-drydock-phases", b"").decode("latin-1")
        if answered.cold and text:
            phases = {name: float(value) for name, _, value in (part.partition("=") for part in text.split(","))}
            self.pool.tally.cold_starts.append({**phases, "init": answered.init_s})

    async def _invoke_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, _, rest = scope["path"].removeprefix(_INVOKE).partition("/")
        if (scope["method"], rest) != ("POST", "invocations") or name.rpartition(":")[2] != self.pool.name:
            document = {"Type": "User", "Message": f"Function not found: {name}"}
            await answer(send, 404, orjson.dumps(document), {"x-amzn-ErrorType": "ResourceNotFoundException"})
            return
        body = await body_of(receive, MOST_BYTES)
        problem = _problem(body, _header(scope, b"x-amz-invocation-type") or "RequestResponse")
        if problem is not None:
            await answer(send, problem[0], orjson.dumps({"Type": "User", "message": problem[2]}),
                         {"x-amzn-ErrorType": problem[1]})  # fmt: skip
            return
        if _header(scope, b"x-amz-invocation-type") == "DryRun":
            await answer(send, 204, b"")
            return
        context = _header(scope, b"x-amz-client-context")
        try:
            decoded = base64.b64decode(context).decode() if context else ""
            answered = await self.pool.invoke(body or b"{}", decoded, _header(scope, b"x-amzn-trace-id"))
        except Throttled:
            await _throttled(send)
            return
        except ValueError:
            await answer(send, 400, b'{"message":"X-Amz-Client-Context is not base64"}')
            return
        headers = _about(answered) | {"X-Amz-Executed-Version": "$LATEST"}
        if answered.result.error:
            headers["X-Amz-Function-Error"] = "Unhandled"
        await answer(send, 200, answered.result.body, headers)

    async def _ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await answer(send, 200, b"{}")

    async def _state(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if not self._may(scope, self._secrets[1]):
            await answer(send, 401, b'{"error":"Send the secret as \'authorization: Bearer ...\'."}')
            return
        wanted = b"cold_starts" in scope["query_string"]
        more = {"cold_starts": list(self.pool.tally.cold_starts)} if wanted else {}
        await answer(send, 200, orjson.dumps(self.pool.state() | more))

    async def _ship(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Another package: ``{"folder": …, "version": …}``, as the server takes it."""
        body = await body_of(receive, 10_000)
        if not self._may(scope, self._secrets[0]):
            await answer(send, 401, b'{"error":"Send the admin secret as \'authorization: Bearer ...\'."}')
            return
        asked = _loaded(body or b"")
        if not isinstance(asked, dict) or not isinstance(asked.get("folder"), str):
            await answer(send, 422, b'{"error":"Send a package\'s folder and its version."}')
            return
        try:
            await self.pool.update(with_package(self.pool.arguments, asked["folder"]))
        except Broken as error:
            await answer(send, 409, orjson.dumps({"error": f"Nothing was changed: {error}"}))
            return
        await answer(send, 200, orjson.dumps({"version": asked.get("version", ""), "replicas": []}))

    def _may(self, scope: Scope, secret: str) -> bool:
        near = scope.get("client") is not None and scope["client"][0] in LOOPBACK
        return near and bool(secret) and bears(dict(scope["headers"]), secret)


def with_package(arguments: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """The server's arguments with another package."""
    place = arguments.index("--package") + 1
    return (*arguments[:place], folder, *arguments[place + 1 :])


def _problem(body: bytes | None, kind: str) -> tuple[int, str, str] | None:
    """Status, type and text of why the Invoke API does not take a request."""
    if body is None:
        return 413, "RequestTooLargeException", f"{MOST_BYTES:,} bytes are the limit"
    if kind not in ("RequestResponse", "DryRun"):
        return 400, "InvalidParameterValueException", f"{kind} is not offered here: use RequestResponse or DryRun"
    try:
        orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        return 400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
    return None


def _about(answered: Answered) -> dict[str, str]:
    found = {
        "x-amzn-RequestId": answered.request_id,
        "x-amzn-Trace-Id": answered.trace_id.partition(";")[0],
        "x-drydock-cold": "1" if answered.cold else "0",
    }
    if answered.cold:
        found["x-drydock-init"] = f"{answered.init_s:.6f}"
    return found


async def _throttled(send: Send) -> None:
    document = {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded.",
    }  # fmt: skip
    await answer(send, 429, orjson.dumps(document), {"x-amzn-ErrorType": "TooManyRequestsException"})


async def _failed(send: Send, answered: Answered, headers: dict[str, str]) -> None:
    error = _loaded(answered.result.body)
    message = error.get("errorMessage", "") if isinstance(error, dict) else ""
    document = {"Message": "Internal Server Error", "reason": f"{answered.result.error}: {message}"[:1_000]}
    await answer(send, _FAILURES.get(answered.result.error, 502), orjson.dumps(document), headers)


async def _pass_on(send: Send, found: events.HttpAnswer, headers: dict[str, str]) -> None:
    pairs = [pair for pair in found.headers if pair[0] not in (b"content-length", b"connection")]
    pairs += [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    pairs.append((b"content-length", b"%d" % len(found.body)))
    await send({"type": "http.response.start", "status": found.status, "headers": pairs})
    await send({"type": "http.response.body", "body": found.body})


def _header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def _loaded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


class _Server(uvicorn.Server):
    """Opens the pool before it listens, and closes it when it has stopped."""

    def __init__(self, front: Front, place: Place, port: int) -> None:
        super().__init__(configuration(front))
        self._front, self._place, self._port = front, place, port
        self.failure: Broken | None = None

    async def startup(self, sockets: Any = None) -> None:
        del sockets
        try:
            await self._front.pool.open()
        except Broken as error:
            self.failure, self.should_exit = error, True
            return
        await super().startup([self._place.listener("127.0.0.1", self._port)])
        self._place.announce()

    async def shutdown(self, sockets: Any = None) -> None:
        await super().shutdown(sockets)
        await self._front.pool.close()


def main(arguments: list[str]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings, port, function = parse(arguments)
    _check(function)
    environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    admin, front = (os.environ.get(name, "") for name in _SECRETS)

    async def run() -> Broken | None:
        pool = Pool(NAME, Code(tuple(function)), settings, environment)
        server = _Server(Front(pool, admin, front), Place.here(), port)
        try:
            await server.serve()
        finally:
            await pool.close()
        return server.failure

    failure = uvicorn_run(run())
    if failure is not None:
        sys.exit(str(failure))


def uvicorn_run(main_task: Any) -> Any:
    """Run on uvloop, whose timers and pipes are the quicker ones."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main_task)


def _check(function: list[str]) -> None:
    """Refuse arguments that every instance would refuse."""
    from strategies.serving.settings import from_command_line

    from_command_line(function)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
