"""Drydock's own protocol: rows by feature name or in order, one or many, and problems as RFC 9457 has them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from strategies.serving.documents import (
    answer_document,
    body_document,
    object_schema,
    outputs_schema,
    record_schema,
    row_schema,
    rows_of,
)
from strategies.serving.models import Served
from strategies.serving.parsing import JSON_TYPE, list_at, parse_object, refuse_unknown_keys, require_json
from strategies.serving.problems import Problem, invalid
from strategies.serving.protocols.contract import Asked, Lookup, Prediction, Protocol, Question

_FORMS = frozenset({"record", "records", "row", "rows"})
_KEYS = _FORMS | {"version"}
_AS_ARRAY = orjson.OPT_SERIALIZE_NUMPY  # writes a float32 with as many digits as tell it apart, and no more


class Native(Protocol):
    invalid_status = 422
    prefixes = ("/",)

    def operations(self) -> list[Prediction | Lookup]:
        return [
            Prediction("/predict", self.read, self._document()),
            Lookup("/model", self._model, {"summary": "The model: features, classes, versions"}),
            Lookup("/healthz", lambda _: {"status": "alive"}, {"summary": "Whether the process lives"}),
            Lookup("/readyz", self._readyz, {"summary": "Whether it takes requests"}),
        ]

    def read(self, asked: Asked) -> Question:
        """One row under ``record`` or ``row``, many under ``records`` or ``rows``."""
        content_type = asked.headers.get(b"content-type")
        if content_type != JSON_TYPE:
            require_json(content_type)
        document = parse_object(asked.body)
        version = None
        if len(document) != 1 or not document.keys() <= _FORMS:
            version = self._check_keys(document)
        model = self.models.find(version=version) if version is not None else self.models.current
        if "record" in document:
            return Question(model, model.schema.encode_record(document["record"])[np.newaxis], _one(model))
        if "row" in document:
            return Question(model, model.schema.encode_rows([document["row"]]), _one(model))
        return self._many(document, model)

    def _many(self, document: dict[str, Any], model: Served) -> Question:
        key = "records" if "records" in document else "rows"
        rows = list_at(document, key)
        self.check_count(len(rows), key)
        encode = model.schema.encode_records if key == "records" else model.schema.encode_rows
        return Question(model, encode(rows), _many_of(model))

    def _check_keys(self, document: dict[str, Any]) -> str | None:
        """The version asked for; refuses a body that does not hold rows in exactly one form."""
        refuse_unknown_keys(document, _KEYS)
        if len(document.keys() & _FORMS) != 1:
            remedy = f"send one of {', '.join(sorted(_FORMS))}"
            raise invalid("body", sorted(document), "must hold rows in one form", remedy)
        version = document.get("version")
        if "version" in document and not isinstance(version, str):
            raise invalid("version", version, "must be a string", "send a version that the answers name")
        return version

    def refusal(self, problem: Problem) -> tuple[bytes, bytes]:
        """A problem document (RFC 9457) that names field, value, rule and remedy where there is one."""
        return b"application/problem+json", orjson.dumps(problem.document())

    def refusal_document(self) -> dict[str, Any]:
        texts = {name: {"type": "string"} for name in ("type", "title", "detail", "field", "value", "rule", "remedy")}
        whole = {name: {"type": "integer"} for name in ("status", "row")}
        schema = {"type": "object", "required": ["type", "title", "status", "detail"], "properties": texts | whole}
        return {"application/problem+json": {"schema": schema}}

    def _readyz(self, _params: object) -> dict[str, Any]:
        if not self.ready():
            raise Problem(503, "Draining", "The server is about to stop.", headers={"retry-after": "1"})
        return {"status": "ready", "version": self.models.current.version}

    def _model(self, _params: object) -> dict[str, Any]:
        manifest = self.models.current.manifest
        return {
            "name": manifest.name,
            "version": manifest.version,
            "versions": self.models.versions,
            "task": manifest.task,
            "target": manifest.target,
            "outputs": manifest.outputs,
            "features": manifest.schema.to_dict()["features"],
            "metrics": dict(manifest.metrics),
        }

    def _document(self) -> dict[str, Any]:
        manifest = self.models.current.manifest
        record, row = record_schema(manifest), row_schema(manifest)
        forms = {
            "record": record,
            "records": rows_of(record, self.max_rows),
            "row": row,
            "rows": rows_of(row, self.max_rows),
        }
        version = {"type": "string", "enum": list(self.models.versions)}
        body = {
            "oneOf": [object_schema({form: schema, "version": version}, [form]) for form, schema in forms.items()],
            "examples": [{"record": record["example"]}, {"rows": [row["example"]] * 2}],
        }
        shape: dict[str, Any] = {"value": {"type": "number"}}
        if manifest.task != "regression":
            label = {"type": "string", "enum": list(manifest.outputs)}
            shape = {"label": label, "probabilities": outputs_schema(manifest)}
        prediction = object_schema(shape, list(shape))
        answer = {
            "model": {"type": "string"},
            "version": {"type": "string"},
            "classes": {"type": "array", "items": {"type": "string"}},
            "prediction": prediction,
            "predictions": {"type": "array", "items": prediction},
        }
        return {
            "summary": "Predict",
            "description": "Rows by feature name (record, records) or in the features' order (row, rows).",
            **body_document({"application/json": body}),
            **answer_document(object_schema(answer, ["model", "version"])),
        }


def _one(model: Served) -> Callable[[NDArray[np.float32]], bytes]:
    begin = _begin(model) + b',"prediction":'
    return lambda outputs: begin + _prediction(model, outputs[0]) + b"}"


def _many_of(model: Served) -> Callable[[NDArray[np.float32]], bytes]:
    begin = _begin(model) + b',"predictions":['
    return lambda outputs: begin + b",".join([_prediction(model, row) for row in outputs]) + b"]}"


def _begin(model: Served) -> bytes:
    found = model.memo.get("native")
    if found is None:
        manifest = model.manifest
        start: dict[str, Any] = {"model": manifest.name, "version": manifest.version}
        if manifest.task != "regression":
            start["classes"] = manifest.outputs
        found = model.memo["native"] = orjson.dumps(start)[:-1]
    return found


def _prediction(model: Served, row: NDArray[np.float32]) -> bytes:
    values = orjson.dumps(row, option=_AS_ARRAY)
    if model.manifest.task == "regression":
        return b'{"value":' + values[1:-1] + b"}"
    return b'{"label":' + model.label_json[model.label_index(row)] + b',"probabilities":' + values + b"}"
