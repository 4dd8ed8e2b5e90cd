"""Endpoints for whoever runs the server: they answer only on the loopback interface, and only to the admin secret."""

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request
from starlette.responses import Response

from strategies.serving.access import LOOPBACK, bears
from strategies.serving.parsing import parse_object, refuse_unknown_keys, require_json
from strategies.serving.problems import Problem, invalid

if TYPE_CHECKING:
    from strategies.serving.application import Application

_MOST_BYTES = 10_000


def add_administration(application: "Application", secret: str, also_from: str = "") -> None:
    """Add ``GET`` and ``POST /admin/versions``. They are not part of the public document."""
    near = {*LOOPBACK, also_from} - {""}

    async def versions(request: Request) -> Response:
        _check(request, secret, near)
        return _json({"current": application.models.current.version, "versions": application.models.versions})

    async def swap(request: Request) -> Response:
        _check(request, secret, near)
        folder, version = await _asked(request)
        replicas = await application.swapping.swap(application.peers, folder, version)
        return _json({"version": version, "replicas": replicas})

    application.add_api_route("/admin/versions", versions, methods=["GET"], include_in_schema=False)
    application.add_api_route("/admin/versions", swap, methods=["POST"], include_in_schema=False)


def _check(request: Request, secret: str, near: set[str]) -> None:
    if request.client is None or request.client.host not in near:
        raise Problem(403, "Forbidden", "Administration is open to this machine only.")
    if not bears(dict(request.scope["headers"]), secret):
        raise Problem(401, "Unauthorized", "Send the admin secret as 'authorization: Bearer …'.")


async def _asked(request: Request) -> tuple[str, str]:
    require_json(request.scope["headers"] and dict(request.scope["headers"]).get(b"content-type"))
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Problem(413, "Body too large", f"The body is longer than {_MOST_BYTES:,} bytes.")
    document = parse_object(body)
    refuse_unknown_keys(document, frozenset({"folder", "version"}))
    for key in ("folder", "version"):
        if type(document.get(key)) is not str:
            raise invalid(key, document.get(key), "must be a string", "send a package's folder and its version")
    return document["folder"], document["version"]


def _json(value: dict[str, Any]) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
