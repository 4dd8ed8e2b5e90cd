"""How requests and answers are written.

A request's payload is 8 bytes and the row; an answer's is 32 bytes and the outputs, or the reason in UTF-8 when the
status is not ok. All numbers are little-endian, and rows and outputs float32:

    request   "Dq"  version u8 = 1  0 u8  features u32                                       row f32[features]
    answer    "Da"  version u8 = 1  status u8  replica i16  attempts u16
              start_s f64  lag u32  model version char[12]                                   outputs f32[outputs]

A request may also be JSON, ``{"features": {"age": 41, …}}`` or ``{"row": [41.0, …]}``, for publishers that are not
ours; it is answered in JSON. Either way the header `Nats-Msg-Id` names the request, and its answer carries the same.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.schema import Schema
from data.trace import Status

_REQUEST = struct.Struct("<2sBBI")
_ANSWER = struct.Struct("<2sBBhHdI12s")
_FORM = 1
_MAX_FLOAT32 = float(np.finfo(np.float32).max)
ANSWER_HEAD_BYTES = _ANSWER.size


@dataclass(frozen=True, slots=True)
class About:
    """What an answer says besides its outputs."""

    status: Status
    replica: int
    attempts: int
    """How often the request was delivered."""
    start_s: float
    """When the consumer took it up, on this machine's `time.perf_counter` clock."""
    lag: int
    """Requests that waited behind it when it was delivered."""
    version: str
    """Model that answered; empty when none did."""


def encode_request(row: NDArray[np.float32]) -> bytes:
    """One row, (features,)."""
    return _REQUEST.pack(b"Dq", _FORM, 0, len(row)) + row.astype("<f4").tobytes()


class RequestReader:
    """Reads requests for one schema. A payload that breaks a rule is told apart from its neighbours."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._head = _REQUEST.pack(b"Dq", _FORM, 0, len(schema))
        self._length = len(self._head) + 4 * len(schema)
        self._dtype = np.dtype([("head", f"V{len(self._head)}"), ("row", "<f4", (len(schema),))])

    def read(self, payloads: Sequence[bytes]) -> tuple[NDArray[np.float32], dict[int, str]]:
        """Rows (good payloads, features) in order, and by position the reason why a payload is none."""
        if all(self._plain(payload) for payload in payloads):
            return self._rows(payloads), {}
        rows: list[NDArray[np.float32]] = []
        bad: dict[int, str] = {}
        for position, payload in enumerate(payloads):
            try:
                rows.append(self._row(payload))
            except InvalidValue as error:
                bad[position] = str(error)
        return np.array(rows, np.float32).reshape(len(rows), len(self._schema)), bad

    def _plain(self, payload: bytes) -> bool:
        return len(payload) == self._length and payload.startswith(self._head)

    def _rows(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        rows = np.frombuffer(b"".join(payloads), self._dtype)["row"]
        return np.ascontiguousarray(rows, np.float32)  # (payloads, features)

    def _row(self, payload: bytes) -> NDArray[np.float32]:
        if self._plain(payload):
            return self._rows([payload]).reshape(-1)
        if payload.lstrip()[:1] == b"{":
            return self._json(payload)
        if payload.startswith(b"Dq") and len(payload) >= len(self._head):
            raise self._refusal(f"{len(payload)} bytes, form {payload[2]}, {_REQUEST.unpack(payload[:8])[3]} features")
        raise self._refusal(payload[:40])

    def _json(self, payload: bytes) -> NDArray[np.float32]:
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise InvalidValue("request", payload[:40], f"is not JSON ({error})", "send valid JSON") from None
        match value:
            case {"features": dict(record)}:
                return self._schema.encode_record(record)
            case {"row": list(row)} if len(row) == len(self._schema):
                names = self._schema.names
                return np.array([_number(name, cell) for name, cell in zip(names, row, strict=True)], np.float32)
            case {"row": list(row)}:
                raise InvalidValue("row", f"{len(row)} numbers", f"must have {len(self._schema)}", "send one a feature")
        raise InvalidValue("request", payload[:40], "holds neither features nor row", 'send {"features": {…}}')

    def _refusal(self, found: object) -> InvalidValue:
        return InvalidValue(
            "request", found, f"is not a row of {len(self._schema)} features", "send the form that this version reads"
        )


def _number(name: str, cell: object) -> float:
    if cell is None:
        return float("nan")
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise InvalidValue(name, cell, "must be a number", "send the codes that the model reads, null where missing")
    if not -_MAX_FLOAT32 <= cell <= _MAX_FLOAT32:
        raise InvalidValue(name, cell, "must be finite and within float32", "send null where it is missing")
    return float(cell)


def encode_answer(about: About, outputs: bytes) -> bytes:
    """`outputs` are the float32 values as bytes, or the reason in UTF-8 when the status is not ok."""
    return (
        _ANSWER.pack(
            b"Da", _FORM, about.status, about.replica, min(about.attempts, 65_535), about.start_s, about.lag,
            about.version.encode("ascii")[:12],
        )
        + outputs
    )  # fmt: skip


def decode_answer(payload: bytes) -> tuple[About, bytes]:
    """What `encode_answer` wrote; `InvalidValue` for anything else."""
    if len(payload) < ANSWER_HEAD_BYTES or not payload.startswith(b"Da\x01"):
        raise InvalidValue("answer", payload[:40], "is not an answer of this form", "use the same Drydock on both ends")
    _, _, status, replica, attempts, start_s, lag, version = _ANSWER.unpack_from(payload)
    about = About(Status(status), replica, attempts, start_s, lag, version.rstrip(b"\0").decode("ascii"))
    return about, payload[ANSWER_HEAD_BYTES:]


def outputs_of(rest: bytes) -> NDArray[np.float64]:
    """The outputs of an answer that is ok, (outputs,)."""
    return np.frombuffer(rest, "<f4").astype(np.float64)


def json_answer(about: About, outputs: dict[str, float], reason: str = "") -> bytes:
    """The same for a publisher that asked in JSON."""
    value: dict[str, Any] = {"status": about.status.name.lower(), "version": about.version, "outputs": outputs}
    return json.dumps(value | ({"reason": reason} if reason else {})).encode()


def is_json(payload: bytes) -> bool:
    return payload.lstrip()[:1] == b"{"
