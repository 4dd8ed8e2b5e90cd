"""The contract of a protocol: how questions and answers look; the server does everything else.

One file in this folder is one protocol. It lists its operations; for a prediction it reads a body into rows and says
how outputs become an answer, and the endpoint (strategies/serving/endpoint.py) takes care of limits, versions,
counting and time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from strategies.serving.models import Models, Served
from strategies.serving.problems import Problem

JSON_HEADER = (b"content-type", b"application/json")


class Asked(NamedTuple):
    """A request's content."""

    body: bytes
    headers: Mapping[bytes, bytes]
    """Names in lower case."""
    name: str | None = None
    """Model named in the path."""
    version: str | None = None
    """Version named in the path."""


class Question(NamedTuple):
    """What a request asks of the model."""

    model: Served
    rows: NDArray[np.float32]
    """Encoded rows (n, features)."""
    reply: Callable[[NDArray[np.float32]], bytes]
    """Outputs (n, k) to the answer's body."""
    header: tuple[bytes, bytes] = JSON_HEADER
    """The answer's content-type."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """An operation that asks the model, by POST."""

    path: str
    """As FastAPI writes it; may hold ``{name}`` and ``{version}``."""
    read: Callable[[Asked], Question]
    document: Mapping[str, Any]
    """Summary, request body and 200 response as OpenAPI describes them."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """An operation that tells something about the server, by GET."""

    path: str
    answer: Callable[[Mapping[str, str]], Any]
    """Path parameters to a value that becomes JSON; raises `Problem`."""
    document: Mapping[str, Any] = field(default_factory=dict)


class Protocol(ABC):
    """A kind is made once per server; `ready` says whether the server takes requests."""

    invalid_status = 400
    """HTTP status for a value that breaks a rule."""
    prefixes: tuple[str, ...] = ()
    """Paths below these are this protocol's, so that even an unknown one is refused in its own words."""

    def __init__(self, models: Models, max_rows: int, ready: Callable[[], bool]) -> None:
        self.models, self.max_rows, self.ready = models, max_rows, ready

    @abstractmethod
    def operations(self) -> list[Prediction | Lookup]:
        """All that it offers."""

    def refusal(self, problem: Problem) -> tuple[bytes, bytes]:
        """Content type and body of a refusal."""
        return b"application/json", orjson.dumps({"error": problem.detail})

    def refusal_document(self) -> dict[str, Any]:
        """Content type and JSON schema of a refusal, as OpenAPI describes it."""
        error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
        return {"application/json": {"schema": error}}

    def check_count(self, count: int, field: str) -> None:
        """Refuse no rows, or more than the server takes."""
        if not 0 < count <= self.max_rows:
            raise Problem(
                413 if count else self.invalid_status, "Wrong number of rows",
                f"{field} holds {count:,} rows, and must hold 1 to {self.max_rows:,}: send them in several requests."
                if count else f"{field} holds no rows: send at least one.",
                field=field, value=str(count), rule=f"must hold 1 to {self.max_rows:,} rows",
                remedy="send them in several requests" if count else "send at least one",
            )  # fmt: skip
