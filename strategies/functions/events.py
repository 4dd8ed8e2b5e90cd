"""The events that AWS sends to a function, and the answers it reads: both sides of each.

Three shapes arrive: HTTP with payload format 2.0 (function URLs and API Gateway's HTTP APIs), HTTP with format 1.0 (its
REST APIs, and load balancers), and anything else, which is a direct invocation.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

from data.errors import InvalidValue

Headers = list[tuple[bytes, bytes]]


class HttpRequest(NamedTuple):
    """A request, as an event carries it."""

    method: str
    path: str
    query: bytes
    headers: Headers
    """Names in lower case."""
    body: bytes
    payload: str = "2.0"
    """Format of the event, in which the answer must be too."""


class HttpAnswer(NamedTuple):
    """An answer, as the function gives it."""

    status: int
    headers: Headers
    body: bytes


def read(event: Any) -> HttpRequest | None:
    """The HTTP request in an event; None for a direct invocation."""
    if not isinstance(event, dict):
        return None
    context = event.get("requestContext")
    if isinstance(context, dict) and isinstance(context.get("http"), dict):
        return _read_2(event, context)
    if "httpMethod" in event and isinstance(event.get("path"), str):
        return _read_1(event)
    return None


def _read_2(event: Mapping[str, Any], context: Mapping[str, Any]) -> HttpRequest:
    path, stage = event.get("rawPath") or "/", context.get("stage") or "$default"
    if stage != "$default":  # a named stage stands in front of every path
        path = path.removeprefix(f"/{stage}") or "/"
    headers = _encoded((event.get("headers") or {}).items())
    if event.get("cookies"):
        headers.append((b"cookie", "; ".join(event["cookies"]).encode()))
    query = str(event.get("rawQueryString") or "").encode()
    return HttpRequest(str(context["http"]["method"]), unquote(path), query, headers, _body(event))


def _read_1(event: Mapping[str, Any]) -> HttpRequest:
    several = event.get("multiValueHeaders") or {k: [v] for k, v in (event.get("headers") or {}).items()}
    headers = _encoded((name, value) for name, values in several.items() for value in values)
    queries = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters") or {}
    query = urlencode(queries, doseq=True).encode()
    return HttpRequest(str(event["httpMethod"]), unquote(event["path"]), query, headers, _body(event), "1.0")


def _encoded(pairs: Iterable[tuple[str, str]]) -> Headers:
    return [(name.lower().encode("latin-1"), str(value).encode("latin-1", "replace")) for name, value in pairs]


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue("body", text, "is not base64", "send it as isBase64Encoded says") from None


def written(answer: HttpAnswer, payload: str = "2.0") -> dict[str, Any]:
    """The result that tells an HTTP answer, in an event's format."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        if name != b"content-length":  # the gateway's own business
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    text, encoded = _text(answer.body, dict(answer.headers).get(b"content-type", b""))
    result: dict[str, Any] = {
        "statusCode": answer.status,
        "headers": {name: ",".join(values) for name, values in headers.items()},
        "body": text,
        "isBase64Encoded": encoded,
    }
    return result if payload == "2.0" else {**result, "multiValueHeaders": headers}


def _text(body: bytes, content_type: bytes) -> tuple[str, bool]:
    """A body as a JSON string can carry it, and whether that is base64."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind.startswith(b"text/") or kind.endswith((b"json", b"xml", b"javascript", b"x-www-form-urlencoded")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def made(request: HttpRequest, request_id: str, peer: str, epoch_s: float) -> dict[str, Any]:
    """The event that a function URL makes of a request."""
    headers: dict[str, str] = {}
    for raw, value in request.headers:
        name = raw.decode("latin-1")
        headers[name] = f"{headers[name]},{value.decode('latin-1')}" if name in headers else value.decode("latin-1")
    text, encoded = _text(request.body, headers.get("content-type", "").encode("latin-1"))
    cookies = headers.pop("cookie", "")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query.decode("latin-1"),
        **({"cookies": cookies.split("; ")} if cookies else {}),
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": headers.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(epoch_s * 1e3),
        },
        **({"body": text} if request.body else {}),
        "isBase64Encoded": encoded and bool(request.body),
    }


def understood(result: Any) -> HttpAnswer | None:
    """The HTTP answer in a function's result; None where its form is wrong. A plain value is the body of a 200."""
    import orjson

    if not isinstance(result, dict) or "statusCode" not in result:
        return HttpAnswer(200, [(b"content-type", b"application/json")], orjson.dumps(result))
    try:
        # The reader of an answer and that of an event agree on how a body is carried.
        headers = _encoded((result.get("headers") or {}).items())
        return HttpAnswer(int(result["statusCode"]), headers, _body(result))
    except (InvalidValue, TypeError, ValueError, AttributeError):
        return None
