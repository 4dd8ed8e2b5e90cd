"""What Amazon SageMaker asks of a container: ``GET /ping`` and ``POST /invocations``.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html and cdf-inference.html in
the same guide for requests; the answers are those of its linear learner. CSV has one row a line and no header; its
answer has one line a row, with the positive class's score, all classes' scores, or the value.
"""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from data.schema import Feature, Schema
from strategies.serving.documents import answer_document, body_document, object_schema, row_schema, rows_of
from strategies.serving.models import Served
from strategies.serving.parsing import (
    list_at,
    media_type,
    parse_object,
    refuse_unknown_keys,
    require_json,
    unsupported,
)
from strategies.serving.problems import Problem, invalid
from strategies.serving.protocols.contract import Asked, Lookup, Prediction, Protocol, Question

_JSON, _LINES, _CSV = b"application/json", b"application/jsonlines", b"text/csv"
_SUPPORTED = "application/json, application/jsonlines or text/csv"


class SageMaker(Protocol):
    prefixes = ("/ping", "/invocations")

    def operations(self) -> list[Prediction | Lookup]:
        return [
            Prediction("/invocations", self.read, self._document()),
            Lookup("/ping", self._ping, {"summary": "Whether it takes requests (SageMaker)"}),
        ]

    def read(self, asked: Asked) -> Question:
        sent = media_type(asked.headers.get(b"content-type")) or _JSON
        wanted = _accepted(asked.headers.get(b"accept"), sent)
        model = self.models.current
        if sent == _CSV:
            rows = self._encode(model.schema, _csv_rows(asked.body, model.schema.features))
        elif sent == _LINES:
            lines = [line for line in asked.body.splitlines() if line.strip()]
            self.check_count(len(lines), "body")
            rows = self._encode(model.schema, [_features(parse_object(line)) for line in lines])
        elif sent == _JSON:
            require_json(asked.headers.get(b"content-type"))
            rows = self._encode(model.schema, _instances(parse_object(asked.body)))
        else:
            raise unsupported(asked.headers.get(b"content-type"), _SUPPORTED)
        return Question(model, rows, _reply(model, wanted), (b"content-type", wanted))

    def _encode(self, schema: Schema, rows: list[Any]) -> NDArray[np.float32]:
        self.check_count(len(rows), "instances")
        return schema.encode_records(rows) if type(rows[0]) is dict else schema.encode_rows(rows)

    def _ping(self, _params: object) -> dict[str, Any]:
        if not self.ready():
            raise Problem(503, "Not ready", "The server is draining.")
        return {}

    def _document(self) -> dict[str, Any]:
        row = row_schema(self.models.current.manifest)
        instance = object_schema({"features": row}, ["features"]) | {"example": {"features": row["example"]}}
        body = object_schema({"instances": rows_of(instance, self.max_rows)}, ["instances"])
        body["examples"] = [{"instances": [instance["example"]]}]
        prediction = {"type": "object", "required": ["score"]}
        answer = object_schema({"predictions": {"type": "array", "items": prediction}}, ["predictions"])
        return {
            "summary": "Predict (SageMaker)",
            "description": f"Content types: {_SUPPORTED}; the accept header chooses the answer's.",
            **body_document({"application/json": body}),
            **answer_document(answer),
        }


def _instances(document: dict[str, Any]) -> list[Any]:
    refuse_unknown_keys(document, frozenset({"instances"}))
    if "instances" not in document:
        raise invalid("body", sorted(document), "holds no instances", "send a list of instances")
    return [_features(instance) for instance in list_at(document, "instances")]


def _features(instance: Any) -> Any:
    """A row from ``{"features": [...]}``, from ``{"data": {"features": {"values": [...]}}}``, or as it is."""
    if type(instance) is not dict:
        return instance
    if "features" in instance:
        refuse_unknown_keys(instance, frozenset({"features"}))
        return instance["features"]
    if "data" in instance:
        refuse_unknown_keys(instance, frozenset({"data", "configuration"}))
        data = instance["data"]
        found = data.get("features") if type(data) is dict else None
        if type(found) is not dict or "values" not in found:
            raise invalid("data", data, "holds no features", 'send {"features": {"values": [...]}}')
        return found["values"]
    return instance


def _csv_rows(body: bytes, features: Sequence[Feature]) -> list[list[Any]]:
    try:
        text = body.decode("utf-8")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(400, "Not CSV", f"The body is not valid CSV in UTF-8: {error}.") from None
    return [[_cell(text, feature) for text, feature in _paired(line, features)] for line in lines]


def _paired(line: list[str], features: Sequence[Feature]) -> list[tuple[str, Feature | None]]:
    """Cells with their features; a line of another length keeps its length, which is then refused as such."""
    known = [*features, *[None] * (len(line) - len(features))]
    return list(zip(line, known, strict=False))


def _cell(text: str, feature: Feature | None) -> Any:
    """What a cell means: nothing when empty, a number where one is wanted, else its text."""
    if not text.strip():
        return None
    if feature is None or feature.kind == "category":
        return text.strip()
    try:
        return float(text)
    except ValueError:
        return text


def _accepted(accept: bytes | None, sent: bytes) -> bytes:
    """The answer's content type: the first that the client accepts of ours, the request's own for ``*/*``."""
    wanted = [media_type(part) for part in (accept or b"*/*").split(b",")]
    for kind in wanted:
        if kind in (b"*/*", b""):
            return sent if sent in (_JSON, _LINES, _CSV) else _JSON
        if kind in (_JSON, _LINES, _CSV):
            return kind
        if kind in (b"application/*", b"text/*"):
            return _JSON if kind == b"application/*" else _CSV
    shown = (accept or b"").decode("latin-1")[:120]
    raise Problem(
        406, "Not acceptable", f"accept = {shown!r} names nothing that can be sent: ask for {_SUPPORTED}.",
        field="accept", value=repr(shown), rule="names nothing that can be sent", remedy=f"ask for {_SUPPORTED}",
    )  # fmt: skip


def _reply(model: Served, wanted: bytes) -> Callable[[NDArray[np.float32]], bytes]:
    if wanted == _CSV:
        return lambda outputs: b"".join(_csv_line(_score(model, row)) for row in outputs.tolist())
    if wanted == _LINES:
        return lambda outputs: b"".join(orjson.dumps(each) + b"\n" for each in _predictions(model, outputs))
    return lambda outputs: orjson.dumps({"predictions": _predictions(model, outputs)})


def _predictions(model: Served, outputs: NDArray[np.float32]) -> list[dict[str, Any]]:
    if model.manifest.task == "regression":
        return [{"score": value} for (value,) in outputs.tolist()]
    return [{"score": _score(model, row.tolist()), "predicted_label": model.label_index(row)} for row in outputs]


def _score(model: Served, row: list[float]) -> Any:
    return row[-1] if model.manifest.task != "multiclass" else row


def _csv_line(score: Any) -> bytes:
    return ",".join(map(repr, score if isinstance(score, list) else [score])).encode() + b"\n"
