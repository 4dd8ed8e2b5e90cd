"""Reading JSON as strictly as its standard (RFC 8259) allows, and content types."""

import json
from typing import Any

import orjson

from strategies.serving.problems import Problem, invalid

JSON_TYPE = b"application/json"


def parse_json(body: bytes) -> Any:
    """The value of a JSON text.

    Refused with a 400, besides what is no JSON: NaN and infinities, numbers too large for a double, invalid UTF-8 or
    surrogates, more than 1,024 levels (all by orjson), and an object that gives a key twice, of which most parsers
    silently keep one.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_json(str(error)) from None
    # Every key has its colon, so as many keys as colons means that none was given twice. Anything else, such as a
    # colon inside a string, is settled by looking closely.
    if body.count(b":") != _keys(value):
        _refuse_repeated_keys(body)
    return value


def parse_object(body: bytes) -> dict[str, Any]:
    """The value of a JSON text that must be an object."""
    value = parse_json(body)
    if type(value) is not dict:
        raise Problem(400, "Not an object", f"The body must be a JSON object, and is {_kind(value)}.")
    return value


def list_at(document: dict[str, Any], key: str) -> list[Any]:
    """The list at a key; `InvalidValue` where something else is there."""
    value = document[key]
    if type(value) is not list:
        raise invalid(key, value, "must be a list", "put even a single row into a list")
    return value


def refuse_unknown_keys(document: dict[str, Any], known: frozenset[str]) -> None:
    """`InvalidValue` for the first key that means nothing here."""
    for key in document:
        if key not in known:
            raise invalid(key, document[key], "is not known here", f"send only {', '.join(sorted(known))}")


def media_type(header: bytes | None) -> bytes:
    """A content-type without its parameters, in lower case; empty when there is none."""
    return header.partition(b";")[0].strip().lower() if header else b""


def require_json(header: bytes | None) -> None:
    """Refuse a body that calls itself something other than JSON in UTF-8; one that calls itself nothing passes."""
    if header is None or header == JSON_TYPE:
        return
    parameters = header.lower().replace(b'"', b"").replace(b" ", b"").split(b";")[1:]
    charset = next((p[8:] for p in parameters if p.startswith(b"charset=")), b"utf-8")
    if media_type(header) != JSON_TYPE or charset not in (b"utf-8", b"us-ascii"):
        raise unsupported(header, "application/json")


def unsupported(header: bytes | None, supported: str) -> Problem:
    """A 415."""
    sent = (header or b"").decode("latin-1")
    return Problem(
        415, "Unsupported media type", f"content-type = {sent[:120]!r} is not understood here: send {supported}.",
        field="content-type", value=repr(sent[:120]), rule="is not understood here", remedy=f"send {supported}",
    )  # fmt: skip


def _keys(value: Any) -> int:
    """Keys of an object and of the objects directly in it or in its lists: never more than there are in all."""
    if type(value) is not dict:
        return sum(len(item) for item in value if type(item) is dict) if type(value) is list else 0
    count = len(value)
    for item in value.values():
        if type(item) is dict:
            count += len(item)
        elif type(item) is list and item and type(item[0]) is dict:
            count += sum(len(each) for each in item if type(each) is dict)
    return count


def _refuse_repeated_keys(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_once_each)
    except RecursionError:
        raise _not_json("it is nested too deeply") from None
    except ValueError as error:  # the standard library limits how long a whole number may be
        raise _not_json(str(error)) from None


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, value in pairs:
        if key in seen:
            raise Problem(
                400, "Repeated key", f"{key[:120]!r} is given twice in one object: send each key once.",
                field=key[:120], value=repr(value)[:120], rule="is given twice in one object",
                remedy="send each key once",
            )  # fmt: skip
        seen.add(key)


def _not_json(why: str) -> Problem:
    return Problem(400, "Not JSON", f"The body is not valid JSON: {why}.")


def _kind(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
