"""From a request for a prediction to its answer: the path that every measured request takes.

It is plain ASGI (https://asgi.readthedocs.io), and every step on it is as small as it can be: no request or response
objects, no middleware, one parse, one look at the row as a whole.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.serving.metrics import Counts
from strategies.serving.problems import Problem
from strategies.serving.protocols.contract import Asked, Prediction, Protocol, Question
from strategies.serving.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

INLINE_S = 0.002
"""A prediction expected to take longer runs in a thread, so that probes and small requests do not wait for it."""
CLOSE = (b"connection", b"close")
_DISCARDED_BYTES = 64_000_000
_log = logging.getLogger("drydock")


class Desk:
    """What the endpoints of one server share: limits, counts, and who is being served."""

    def __init__(self, settings: Settings, counts: Counts) -> None:
        self.settings, self.counts = settings, counts
        self.draining = False
        """Whether the server is about to stop, so that clients should look for another."""
        self.replica_header = (b"x-drydock-replica", b"%d" % counts.replica)
        self.waiting: Callable[[], int] = lambda: len(self.serving)
        """How many requests were taken up and not yet answered; the server knows better and replaces it."""
        self.serving: dict[asyncio.Task[Any], float] = {}
        """The tasks of requests under way, and when they began."""
        # One thread: a replica computes one answer at a time, wherever it runs, and more of them are more replicas.
        self.thread = ThreadPoolExecutor(1, "prediction")

    def end_overdue(self, now_s: float) -> None:
        """Cancel requests that have taken too long; called now and then, which costs a request nothing."""
        for task, begun_s in list(self.serving.items()):
            if now_s - begun_s > self.settings.timeout_s:
                task.cancel()


class Endpoint:
    """One prediction operation of a protocol, as an ASGI application."""

    def __init__(self, protocol_name: str, protocol: Protocol, operation: Prediction, desk: Desk) -> None:
        self.name, self.protocol, self.operation, self.desk = protocol_name, protocol, operation, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun_s = time.perf_counter()
        task = asyncio.current_task()
        assert task is not None
        serving = self.desk.serving
        serving[task] = begun_s
        progress = [408]  # the status that a timeout has: 408 while the client is still sending, then 503
        try:
            question, outputs = await self._predict(scope, receive, progress)
            if not _finite(outputs):
                raise _not_finite(self.protocol.invalid_status)
            status, headers, body = 200, [question.header, question.model.header], question.reply(outputs)
            rows = len(outputs)
        except asyncio.CancelledError:
            status, headers, body = self._refuse(_too_slow(progress[0], self.desk.settings.timeout_s))
            rows = 0
        except Exception as error:
            status, headers, body = self._refuse(error)
            rows = 0
        finally:
            del serving[task]
        took_s = time.perf_counter() - begun_s
        self.desk.counts.answered(self.name, status, took_s, rows)
        headers += (
            (b"content-length", b"%d" % len(body)),
            self.desk.replica_header,
            (b"x-drydock-start", b"%.9f" % begun_s),
            (b"x-drydock-service", b"%.9f" % took_s),
        )
        if self.desk.draining:
            headers.append(CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _predict(
        self, scope: Scope, receive: Receive, progress: list[int]
    ) -> tuple[Question, NDArray[np.float32]]:
        desk = self.desk
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if desk.waiting() > desk.settings.max_in_flight:
            raise Problem(
                503, "Too busy", f"More than {desk.settings.max_in_flight:,} requests are waiting: try again later.",
                headers={"retry-after": "1"},
            )  # fmt: skip
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body") or len(body) > desk.settings.max_body_bytes:
            body = await _rest_of(body, message, headers, receive, desk.settings.max_body_bytes)
        progress[0] = 503
        if b"content-encoding" in headers:
            _refuse_encoding(headers)
        params: Mapping[str, str] = scope.get("path_params") or {}
        question = self.operation.read(Asked(body, headers, params.get("name"), params.get("version")))
        model, rows = question.model, question.rows
        if model.fixed_s + model.per_row_s * len(rows) > INLINE_S:
            return question, await asyncio.get_running_loop().run_in_executor(desk.thread, model.predict, rows)
        return question, model.predict(rows)

    def _refuse(self, error: Exception) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if isinstance(error, InvalidValue):
            problem = Problem.from_value(error, self.protocol.invalid_status)
        elif isinstance(error, Problem):
            problem = error
        else:
            _log.error("a prediction failed", exc_info=error)
            problem = Problem(500, "Prediction failed", "The model failed on this request; the server's log says why.")
        kind, body = self.protocol.refusal(problem)
        extra = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
        return problem.status, [(b"content-type", kind), *extra], body


async def _rest_of(
    body: bytes, message: MutableMapping[str, Any], headers: Mapping[bytes, bytes], receive: Receive, limit: int
) -> bytes:
    """The whole body; a 413 as soon as it is too long, and nothing beyond the limit is kept."""
    chunks, size = [body], len(body)
    announced = int(headers.get(b"content-length", b"0"))
    while message.get("more_body") and size <= _DISCARDED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "Incomplete body", "The connection ended before the body did.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit or announced > limit:
            chunks.clear()  # read on, though: a client that is still sending would not see our answer
        else:
            chunks.append(chunk)
    if size > limit:
        raise Problem(
            413, "Body too large", f"The body is longer than {limit:,} bytes: send fewer rows at a time.",
            field="body", rule=f"must not be longer than {limit:,} bytes", remedy="send fewer rows at a time",
            headers={"connection": "close"},
        )  # fmt: skip
    return b"".join(chunks)


def _refuse_encoding(headers: Mapping[bytes, bytes]) -> None:
    encoding = headers[b"content-encoding"].decode("latin-1")
    if encoding.lower() != "identity":
        raise Problem(
            415, "Unsupported encoding", f"content-encoding = {encoding[:120]!r} is not understood: send it plain.",
            field="content-encoding", value=repr(encoding[:120]), rule="is not understood", remedy="send it plain",
        )  # fmt: skip


def _finite(outputs: NDArray[np.float32]) -> bool:
    # For one row the sum of a few numbers is quicker than a call into numpy; as doubles they cannot overflow.
    return math.isfinite(sum(outputs[0].tolist())) if len(outputs) == 1 else bool(np.isfinite(outputs).all())


def _not_finite(status: int) -> Problem:
    remedy = "send values like those that it was trained on"
    return Problem(
        status, "No finite answer", f"The model has no finite answer to these values: {remedy}.",
        field="body", rule="lets the model's arithmetic overflow", remedy=remedy,
    )  # fmt: skip


def _too_slow(status: int, timeout_s: float) -> Problem:
    if status == 408:
        return Problem(
            408, "Too slow", f"The body had not arrived after {timeout_s:g} s.", headers={"connection": "close"}
        )
    return Problem(
        503, "Timeout", f"There was no answer within {timeout_s:g} s: try again later.", headers={"retry-after": "1"}
    )
