"""The ASGI application: FastAPI for everything that is looked up, and short cuts for what is measured.

FastAPI routes, documents and answers whatever is asked now and then. Requests for predictions go past its routing and
middleware straight to their endpoint when their path is a known one, which is most of what a request costs here; those
with a version in the path take the long way to the same endpoint.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from data.discovery import kinds
from data.errors import InvalidValue
from strategies.hosts.lifeline.place import Place
from strategies.serving.access import Access
from strategies.serving.administration import add_administration
from strategies.serving.endpoint import CLOSE, Desk, Endpoint, Receive, Scope, Send
from strategies.serving.exposition import exposition
from strategies.serving.metrics import Counts
from strategies.serving.models import Models, Served
from strategies.serving.peers import Peers
from strategies.serving.problems import Problem
from strategies.serving.protocols.contract import Lookup, Prediction, Protocol
from strategies.serving.settings import Settings
from strategies.serving.swapping import Swapping

_TITLES = {
    400: "The body cannot be read", 401: "The token is missing or wrong", 404: "No such model or version",
    406: "No answer in an accepted format", 408: "The body arrived too slowly", 413: "Too long, or too many rows",
    415: "Not a content type that is understood", 422: "A value breaks a rule", 503: "Too busy, draining or too slow",
}  # fmt: skip


class Application(FastAPI):
    """Serves one model under every protocol.

    Parameters
    ----------
    served
        The version to begin with.
    settings
        Limits and secrets.
    place
        Which replica this is.
    """

    def __init__(self, served: Served, settings: Settings, place: Place) -> None:
        # Its pages of documentation would load scripts from elsewhere; /openapi.json has all that they show.
        super().__init__(
            title=f"Drydock: {served.name}", version=served.version, docs_url=None, redoc_url=None,
            redirect_slashes=False,
        )  # fmt: skip
        self.models = Models(served)
        self.desk = Desk(settings, Counts(place.number))
        self.swapping = Swapping(self.models, settings.signing_key)
        self.peers = Peers(place, self._handle)
        self._access = Access(settings.token)
        found = kinds("strategies.serving.protocols", Protocol)  # type: ignore[type-abstract]
        self.protocols = {
            name: kind(self.models, settings.max_rows, lambda: not self.desk.draining) for name, kind in found.items()
        }
        self._short_cuts: dict[str, Endpoint] = {}
        for name, operation in self._operations():
            self._add(name, operation)
        self.add_api_route("/metrics", self._metrics, methods=["GET"], tags=["native"], response_class=Response)
        if settings.admin_secret:
            add_administration(self, settings.admin_secret, settings.admin_from)
        for error in (HTTPException, Problem, InvalidValue):
            self.add_exception_handler(error, self._in_its_own_words)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self._access.needed and (refused := self._access.check(scope)):
                await self.refusal(scope["path"], refused)(scope, receive, send)
                return
            endpoint = self._short_cuts.get(scope["path"])
            if endpoint is not None and scope["method"] == "POST":
                await endpoint(scope, receive, send)
                return
        await super().__call__(scope, receive, _closing(send) if self.desk.draining else send)

    def refusal(self, path: str, problem: Problem) -> Response:
        """An answer that refuses, in the words of the protocol that the path belongs to."""
        fitting = [(len(x), p) for p in self.protocols.values() for x in p.prefixes if path.startswith(x)]
        protocol = max(fitting, key=lambda pair: pair[0])[1]
        kind, body = protocol.refusal(problem)
        return Response(body, problem.status, {"content-type": kind.decode(), **problem.headers})

    def openapi(self) -> dict[str, Any]:
        """The document of the version that answers now."""
        if self.openapi_schema is None or self.version != self.models.current.version:
            self.version, self.openapi_schema = self.models.current.version, None
            paths = super().openapi()["paths"]
            for name, operation in self._operations():
                method = "post" if isinstance(operation, Prediction) else "get"
                paths[operation.path][method] |= _document(operation, self.protocols[name], self.models)
        assert self.openapi_schema is not None
        return self.openapi_schema

    def _operations(self) -> Iterator[tuple[str, Prediction | Lookup]]:
        """Every operation with its protocol's name; their documents speak of the model as it is now."""
        for name, protocol in self.protocols.items():
            yield from ((name, operation) for operation in protocol.operations())

    def _add(self, name: str, operation: Prediction | Lookup) -> None:
        if isinstance(operation, Prediction):
            endpoint = Endpoint(name, self.protocols[name], operation, self.desk)
            if "{version}" not in operation.path:
                self._short_cuts[operation.path.replace("{name}", self.models.name)] = endpoint
            call, method = _delegating(endpoint), "POST"
        else:
            call, method = _answering(operation.answer), "GET"
        self.add_api_route(
            operation.path, call, methods=[method], tags=[name], response_class=Response,
            operation_id=f"{method.lower()}_{operation.path}",
        )  # fmt: skip

    async def _metrics(self) -> Response:
        """Counts and latencies of all replicas, in Prometheus' text format"""
        snapshots = await self.peers.ask_all({"do": "metrics"})
        return Response(exposition(snapshots.values()), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _handle(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["do"] == "metrics":
            current = self.models.current
            return self.desk.counts.snapshot(len(self.desk.serving), current.name, current.version)
        return await self.swapping.handle(message)

    async def _in_its_own_words(self, request: Request, error: Exception) -> Response:
        if isinstance(error, InvalidValue):
            error = Problem.from_value(error)
        elif isinstance(error, HTTPException):
            known = {404: "There is nothing at this path", 405: "This path does not take this method"}
            detail = f"{known.get(error.status_code, error.detail)}: {request.method} {request.url.path[:200]}."
            error = Problem(error.status_code, error.detail, detail, headers=error.headers)
        assert isinstance(error, Problem)
        return self.refusal(request.url.path, error)


class _Handed(Response):
    """A FastAPI answer that lets an endpoint answer instead."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint(scope, receive, send)


def _delegating(endpoint: Endpoint) -> Callable[..., Any]:
    async def predict() -> Response:
        return _Handed(endpoint)

    return predict


def _answering(answer: Callable[[Mapping[str, str]], Any]) -> Callable[..., Any]:
    async def look_up(request: Request) -> Response:
        return Response(orjson.dumps(answer(request.path_params)), media_type="application/json")

    return look_up


def _document(operation: Prediction | Lookup, protocol: Protocol, models: Models) -> dict[str, Any]:
    """What OpenAPI says of an operation: its own words, its path's parameters, and how it refuses."""
    known = {"name": [models.name], "version": list(models.versions)}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "enum": values}}
        for name, values in known.items()
        if f"{{{name}}}" in operation.path
    ]
    statuses = (400, 401, 404, 406, 408, 413, 415, 422, 503) if isinstance(operation, Prediction) else (401, 404, 503)
    refused = {str(s): {"description": _TITLES[s], "content": protocol.refusal_document()} for s in statuses}
    responses = operation.document.get("responses") or {
        "200": {"description": "The answer", "content": {"application/json": {"schema": {"type": "object"}}}}
    }
    return {**operation.document, "parameters": parameters, "responses": {**refused, **responses}}


def _closing(send: Send) -> Send:
    """Have every answer ask the client for a new connection, which another server will take."""

    async def closing(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], CLOSE]}
        await send(message)

    return closing
