"""Requests as bytes, and what an HTTP answer means to the load generator."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from strategies.contract import Answer

VERSION_HEADER = b"x-drydock-version"
"""Version of the model that answered."""
REPLICA_HEADER = b"x-drydock-replica"
"""Number of the worker that answered, from 0."""
START_HEADER = b"x-drydock-start"
"""When a worker took it up: seconds on the `time.perf_counter` clock, which all processes of a machine share."""
COLD_HEADER = b"x-drydock-cold"
"""1 where the request waited for an instance to start."""

_REFUSALS = (429, 503)  # too many requests; no capacity, or draining
_SHOWN = 160  # bytes of an error's body that its reason quotes


class Exchange:
    """One request and what became of it. `failure` is None once a whole response arrived, whatever its code."""

    __slots__ = ("attempts", "body", "code", "deadline_s", "done", "failure", "headers", "over", "payload", "token")

    def __init__(self, token: int, payload: bytes, done: "Callable[[Exchange], None]", deadline_s: float) -> None:
        self.token, self.payload, self.done, self.deadline_s = token, payload, done, deadline_s
        self.attempts = 1
        self.over = False
        self.code = 0
        self.headers: dict[bytes, bytes] = {}
        """Response headers, names in lower case."""
        self.body = b""
        self.failure: tuple[Status, str] | None = None

    def fail(self, status: Status, reason: str) -> None:
        """End it without a response."""
        if not self.over:
            self.over, self.failure = True, (status, reason)
            self.done(self)

    def succeed(self, code: int, headers: dict[bytes, bytes], body: bytes) -> None:
        """End it with a response."""
        if not self.over:
            self.over, self.code, self.headers, self.body = True, code, headers, body
            self.done(self)


def request_bytes(
    method: str, path: str, host: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP/1.1 request. `headers` should name the body's content-type; host and length are added."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method not in ("GET", "HEAD"):
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def to_answer(exchange: Exchange, decode: Callable[[bytes], NDArray[np.float64]]) -> Answer:
    """What an exchange says about its request; `decode` turns a body into the model's outputs, (k,).

    2xx is ok, 429 and 503 are refusals, every other code is an error, and so is a body that `decode` cannot read.
    """
    if exchange.failure is not None:
        status, reason = exchange.failure
        return Answer(exchange.token, status, attempts=exchange.attempts, reason=reason)
    outputs: NDArray[np.float64] | None = None
    status, reason = _status(exchange)
    if status == Status.OK:
        try:
            outputs = decode(exchange.body)
        except Exception as error:  # whatever the server sent instead, the run goes on and says so
            status, reason = Status.ERROR, f"unreadable answer ({type(error).__name__}): {_quoted(exchange.body)}"
    headers = exchange.headers
    return Answer(
        exchange.token,
        status,
        outputs,
        headers.get(VERSION_HEADER, b"").decode("latin-1"),
        int(headers.get(REPLICA_HEADER, b"-1")),
        float(headers.get(START_HEADER, b"nan")),
        headers.get(COLD_HEADER) == b"1",
        exchange.attempts,
        reason,
    )


def _status(exchange: Exchange) -> tuple[Status, str]:
    if 200 <= exchange.code < 300:
        return Status.OK, ""
    status = Status.REJECTED if exchange.code in _REFUSALS else Status.ERROR
    return status, f"HTTP {exchange.code}: {_quoted(exchange.body)}"


def _quoted(body: bytes) -> str:
    text = body[:_SHOWN].decode("utf-8", "replace")
    return text if len(body) <= _SHOWN else f"{text}…"
