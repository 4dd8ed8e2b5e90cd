"""``python -m strategies.dealership --components gateway,… --package FOLDER --peers '{"model": 8001}' --port N``.

POST /ask puts a document to the first component named. POST /admin/model serves another package; it asks for the secret
in DRYDOCK_ADMIN_SECRET. Other components are asked within the process, or where `--peers` says.
"""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import uvicorn

from data.errors import DrydockError
from strategies.dealership.calling import Over, Within
from strategies.dealership.components import Model, build
from strategies.dealership.contract import COMPONENTS, Component, Unknown
from strategies.hosts.lifeline.place import Place
from strategies.serving.access import bears

_MOST_BYTES = 100_000
_SECRET = "DRYDOCK_ADMIN_SECRET"
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Application:
    """The ASGI application of one process."""

    def __init__(self, components: dict[str, Component], secret: str) -> None:
        self._front = next(iter(components.values()))
        self._model = components.get("model")
        self._secret = secret

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        asked = scope["method"], scope["path"]
        if asked == ("POST", "/ask"):
            status, document = await self._asked(await _body(receive))
        elif asked == ("POST", "/admin/model"):
            status, document = await self._administer(scope, await _body(receive))
        else:
            status, document = (200, {}) if asked == ("GET", "/readyz") else (404, {"detail": "There is nothing here."})
        body = orjson.dumps(document)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _asked(self, body: bytes) -> tuple[int, Any]:
        try:
            document = orjson.loads(body)
            if not isinstance(document, dict):
                return 422, {"detail": "Send a JSON object."}
            return 200, await self._front.answer(document)
        except Unknown as error:
            return 404, {"detail": str(error)}
        except DrydockError as error:
            return 502, {"detail": str(error)}
        except ValueError:
            return 400, {"detail": "The body is not JSON."}

    async def _administer(self, scope: Any, body: bytes) -> tuple[int, Any]:
        if not self._secret or not bears(dict(scope["headers"]), self._secret):
            return 401, {"detail": "Send the admin secret as 'authorization: Bearer ...'."}
        if not isinstance(self._model, Model):
            return 404, {"detail": "The model runs in another process."}
        try:
            return 200, {"version": await self._model.swap(Path(orjson.loads(body)["folder"]))}
        except (DrydockError, ValueError, KeyError, TypeError) as error:
            return 422, {"detail": str(error)}


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more and len(body) <= _MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m strategies.dealership", description=__doc__)
    parser.add_argument("--components", required=True, help=f"of {', '.join(COMPONENTS)}, with commas between them")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--peers", type=orjson.loads, default={}, help="JSON: component to port")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args(arguments)
    within = Within()
    components = build(tuple(asked.components.split(",")), asked.package, Over(asked.peers) if asked.peers else within)
    within.components = components
    config = uvicorn.Config(
        Application(components, os.environ.get(_SECRET, "")), loop="uvloop", http="httptools", ws="none",
        lifespan="off", log_level="warning", access_log=False, server_header=False, date_header=False,
        timeout_keep_alive=3_600,
    )  # fmt: skip
    listener = Place.here().listener("127.0.0.1", asked.port)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1:])
