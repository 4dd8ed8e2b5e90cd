"""The API inside a function: the same endpoints as the server's, asked one request at a time.

A cold start pays for every import, so predictions and probes are routed here by their path alone; FastAPI, which would
take as long as all the rest together, is loaded when something else is asked, and answers that.
"""

import asyncio
from typing import Any

import orjson

from data.discovery import kinds
from strategies.functions.events import HttpAnswer, HttpRequest
from strategies.hosts.lifeline.place import Place
from strategies.serving.access import Access
from strategies.serving.endpoint import Desk, Endpoint, Receive, Scope, Send
from strategies.serving.metrics import Counts
from strategies.serving.models import Models, Served
from strategies.serving.problems import Problem
from strategies.serving.protocols.contract import Lookup, Prediction, Protocol
from strategies.serving.settings import Settings


class FunctionApplication:
    """Answers as strategies/serving does, for the version it was made with.

    Parameters
    ----------
    served
        The model.
    settings
        The server's limits and token.
    place
        Which instance this is.
    """

    def __init__(self, served: Served, settings: Settings, place: Place) -> None:
        self._served, self._settings, self._place = served, settings, place
        self._models = Models(served)
        self._access = Access(settings.token)
        self._desk = Desk(settings, Counts(place.number))
        self._loop = asyncio.new_event_loop()
        self._whole: Any = None
        self._endpoints: dict[str, Endpoint] = {}
        self._lookups: dict[str, Lookup] = {}
        found = kinds("strategies.serving.protocols", Protocol)  # type: ignore[type-abstract]
        for name, kind in found.items():
            protocol = kind(self._models, settings.max_rows, lambda: True)
            for operation in protocol.operations():
                self._add(name, protocol, operation)

    def ask(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a request."""
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": request.method, "scheme": "https", "path": request.path, "root_path": "",
            "raw_path": request.path.encode(), "query_string": request.query, "headers": request.headers,
            "client": None, "server": None,
        }  # fmt: skip
        return self._loop.run_until_complete(_answered(self._fitting(scope), scope, request.body))

    def _add(self, name: str, protocol: Protocol, operation: Prediction | Lookup) -> None:
        path = operation.path.replace("{name}", self._models.name)
        if "{" in path:
            return  # a version in the path is for a server that holds several
        if isinstance(operation, Prediction):
            self._endpoints[path] = Endpoint(name, protocol, operation, self._desk)
        elif operation.path == path:
            self._lookups[path] = operation

    def _fitting(self, scope: Scope) -> Any:
        """The ASGI application for a request."""
        if not (self._access.needed and self._access.check(scope)):
            endpoint = self._endpoints.get(scope["path"])
            if endpoint is not None and scope["method"] == "POST":
                return endpoint
            lookup = self._lookups.get(scope["path"])
            if lookup is not None and scope["method"] == "GET":
                return _looking_up(lookup, self._everything)
        return self._everything()

    def _everything(self) -> Any:
        if self._whole is None:
            from strategies.serving.application import Application

            self._whole = Application(self._served, self._settings, self._place)
        return self._whole


def _looking_up(lookup: Lookup, otherwise: Any) -> Any:
    async def look_up(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = orjson.dumps(lookup.answer({}))
        except Problem:
            await otherwise()(scope, receive, send)  # it knows how each protocol words a refusal
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return look_up


async def _answered(application: Any, scope: Scope, body: bytes) -> HttpAnswer:
    start: dict[str, Any] = {}
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    await application(scope, receive, send)
    return HttpAnswer(start["status"], list(start["headers"]), b"".join(chunks))
