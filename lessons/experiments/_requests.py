"""Good and bad requests to a model's API, sent one after the other, and what came back."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lessons.language import N_

Features = dict[str, Any]
"""One row, by feature name."""
Wrap = Callable[[list[Features]], Any]
"""Rows to the body that a protocol asks for."""
_TIMEOUT_S = 10.0
_LONG = 600_000
"""Bytes of the body that is too long."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    title: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes

    @property
    def kind(self) -> int:
        """2, 4 or 5: answered, refused, or failed."""
        return self.status // 100

    def said(self) -> str:
        """The refusal's own words, if it has any."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return ""
        told = document.get("detail") or document.get("error") if isinstance(document, dict) else ""
        return told if isinstance(told, str) else ""


def send(port: int, path: str, call: Call) -> Reply:
    """Send one request to this machine and read its answer; a connection that ends without one counts as 500."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", path, call.body, dict(call.headers))
        answer = connection.getresponse()
        return Reply(answer.status, answer.read())
    except (OSError, http.client.HTTPException):
        return Reply(500, b"")
    finally:
        connection.close()


def good(rows: list[Features], wrap: Wrap) -> list[Call]:
    """A request for each row."""
    return [Call("", json.dumps(wrap([row])).encode()) for row in rows]


def bad(row: Features, wrap: Wrap) -> list[Call]:
    """A dozen requests that nobody should answer, each made of a good one by one mistake."""
    first = next(iter(row))
    text = json.dumps(wrap([row]))
    value = json.dumps(row[first])
    rest = {name: value for name, value in row.items() if name != first}

    def changed(value: Any) -> bytes:
        return json.dumps(wrap([{**row, first: value}])).encode()

    pairs = f'"{first}": {value}'
    long = text.encode() + b" " * (_LONG - len(text))
    return [
        Call(N_("text that is no JSON"), text[:-3].encode()),
        Call(N_("a list where an object belongs"), json.dumps(list(row.values())).encode()),
        Call(N_("a feature missing"), json.dumps(wrap([rest])).encode()),
        Call(N_("a feature misspelt"), json.dumps(wrap([{f"{first}s": row[first], **rest}])).encode()),
        Call(N_("a feature that the model does not have"), json.dumps(wrap([{**row, "shoe_size": 41}])).encode()),
        Call(N_("a word in place of a number"), changed("large")),
        Call(N_("a number in quotation marks"), changed(str(row[first]))),
        Call(N_("true in place of a number"), changed(True)),
        Call(N_("null in place of a number"), changed(None)),
        Call(N_("NaN, which JSON does not have"), text.replace(pairs, f'"{first}": NaN', 1).encode()),
        Call(N_("a feature given twice"), text.replace(pairs, f'{pairs}, "{first}": 0', 1).encode()),
        Call(N_("a body of 600 kB, mostly blanks"), long),
    ]
