"""TensorFlow Serving's REST protocol, so that its clients can ask a Drydock model.

Source: https://www.tensorflow.org/tfx/serving/api_rest. The model has one signature, ``serving_default``; its inputs
are the features, or a whole row as one nested list; its one output is the list of probabilities, or the value.
Differences: a version is Drydock's string and not a whole number; NaN and infinities are refused, as no model here
reads them; binary values (``b64``) have no feature to go to. As in the original, the content-type does not matter.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from data.schema import Schema
from strategies.serving.documents import (
    answer_document,
    body_document,
    example,
    object_schema,
    outputs_schema,
    record_schema,
    row_schema,
    rows_of,
    value_schema,
)
from strategies.serving.models import Served
from strategies.serving.parsing import list_at, parse_object, refuse_unknown_keys
from strategies.serving.problems import invalid
from strategies.serving.protocols.contract import Asked, Lookup, Prediction, Protocol, Question

_SIGNATURES = {
    "predict": ("serving_default", "tensorflow/serving/predict"),
    "classify": ("serving_default", "tensorflow/serving/classify"),
    "regress": ("serving_default", "tensorflow/serving/regress"),
}
_MODEL, _VERSION = "/v1/models/{name}", "/v1/models/{name}/versions/{version}"


class TensorFlowServing(Protocol):
    prefixes = ("/v1/",)

    def operations(self) -> list[Prediction | Lookup]:
        verb = "regress" if self.models.current.manifest.task == "regression" else "classify"
        found: list[Prediction | Lookup] = []
        for path in (_MODEL, _VERSION):
            found += [
                Prediction(f"{path}:predict", self.predict, self._predict_document()),
                Prediction(f"{path}:classify", self.classify, self._examples_document("Classify", verb == "classify")),
                Prediction(f"{path}:regress", self.regress, self._examples_document("Regress", verb == "regress")),
                Lookup(path, self._status, {"summary": "Model status"}),
                Lookup(f"{path}/metadata", self._metadata, {"summary": "Model metadata"}),
            ]
        return found

    def predict(self, asked: Asked) -> Question:
        """Rows under ``instances``, or columns under ``inputs``."""
        model, document = self._begin(asked, "predict", frozenset({"instances", "inputs", "signature_name"}))
        if ("instances" in document) == ("inputs" in document):
            raise invalid(
                "body", sorted(document), "must hold either instances or inputs", "send rows as instances, or columns"
                " as inputs",
            )  # fmt: skip
        if "instances" in document:
            instances = list_at(document, "instances")
            return Question(model, self._encode(model.schema, instances, "instances"), _as("predictions", model))
        inputs = document["inputs"]
        rows = _by_row(inputs, model.schema) if type(inputs) is dict else list_at(document, "inputs")
        return Question(model, self._encode(model.schema, rows, "inputs"), _as("outputs", model))

    def classify(self, asked: Asked) -> Question:
        """Label and score of every class, for each of ``examples``."""
        model, rows = self._examples(asked, "classify", "classification")
        labels = model.manifest.outputs

        def reply(outputs: NDArray[np.float32]) -> bytes:
            pairs = [list(zip(labels, row, strict=True)) for row in outputs.tolist()]
            return orjson.dumps({"results": pairs})

        return Question(model, rows, reply)

    def regress(self, asked: Asked) -> Question:
        """One value for each of ``examples``."""
        model, rows = self._examples(asked, "regress", "regression")
        return Question(model, rows, lambda outputs: _numpy({"results": np.ascontiguousarray(outputs[:, 0])}))

    def _examples(self, asked: Asked, verb: str, wanted: str) -> tuple[Served, NDArray[np.float32]]:
        model, document = self._begin(asked, verb, frozenset({"examples", "context", "signature_name"}))
        if (model.manifest.task == "regression") != (wanted == "regression"):
            other = "classify" if wanted == "regression" else "regress"
            raise invalid(verb, model.manifest.task, f"needs a {wanted} model", f"ask for :predict or :{other}")
        if "examples" not in document:
            raise invalid("body", sorted(document), "holds no examples", "send a list of examples")
        context = document.get("context", {})
        if type(context) is not dict:
            raise invalid("context", context, "must be an object", "send features that all examples share, by name")
        rows = [_merged(example, context) for example in list_at(document, "examples")]
        return model, self._encode(model.schema, rows, "examples")

    def _begin(self, asked: Asked, verb: str, keys: frozenset[str]) -> tuple[Served, dict[str, Any]]:
        model = self.models.find(asked.name, asked.version)
        document = parse_object(asked.body)
        refuse_unknown_keys(document, keys)
        signature = document.get("signature_name", "serving_default")
        if signature not in ("", *_SIGNATURES[verb]):
            raise invalid("signature_name", signature, "is not a signature here", "leave it out, or serving_default")
        return model, document

    def _encode(self, schema: Schema, rows: list[Any], field: str) -> NDArray[np.float32]:
        self.check_count(len(rows), field)
        if type(rows[0]) is dict:
            return schema.encode_records(rows)
        if len(schema) == 1 and type(rows[0]) is not list:
            rows = [[value] for value in rows]  # a single input may come without its own brackets
        return schema.encode_rows(rows)

    def _status(self, params: Mapping[str, str]) -> dict[str, Any]:
        self.models.find(params["name"], params.get("version"))
        asked = params.get("version")
        return {
            "model_version_status": [
                {"version": version, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
                for version in reversed(self.models.versions)
                if asked in (None, version)
            ]
        }

    def _metadata(self, params: Mapping[str, str]) -> dict[str, Any]:
        model = self.models.find(params["name"], params.get("version"))
        manifest = model.manifest
        inputs = {
            f.name: _tensor(f.name, "DT_STRING" if f.kind == "category" else "DT_FLOAT", [-1])
            for f in manifest.schema.features
        }
        output = "value" if manifest.task == "regression" else "probabilities"
        signature = {
            "inputs": inputs,
            "outputs": {output: _tensor(output, "DT_FLOAT", [-1, len(manifest.outputs)])},
            "method_name": "tensorflow/serving/predict",
        }
        return {
            "model_spec": {"name": model.name, "signature_name": "", "version": model.version},
            "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
        }

    def _predict_document(self) -> dict[str, Any]:
        manifest = self.models.current.manifest
        record, row = record_schema(manifest), row_schema(manifest)
        columns = {
            f.name: rows_of(value_schema(f) | {"example": example(f, manifest)}, self.max_rows)
            for f in manifest.schema.features
        }
        signature = {"type": "string", "enum": list(_SIGNATURES["predict"])}
        by_row = {"oneOf": [rows_of(record, self.max_rows), rows_of(row, self.max_rows)]}
        body = {
            "oneOf": [
                object_schema({"instances": by_row, "signature_name": signature}, ["instances"]),
                object_schema(
                    {"inputs": object_schema(columns, list(columns)), "signature_name": signature}, ["inputs"]
                ),
            ],
            "examples": [{"instances": [record["example"]]}, {"instances": [row["example"]]}],
        }
        one = {"type": "number"} if manifest.task == "regression" else outputs_schema(manifest)
        many = {"type": "array", "items": one}
        return {
            "summary": "Predict (TensorFlow Serving)",
            **body_document({"application/json": body}),
            **answer_document(object_schema({"predictions": many, "outputs": many}, [])),
        }

    def _examples_document(self, title: str, fits: bool) -> dict[str, Any]:
        record = record_schema(self.models.current.manifest)
        body = object_schema({"examples": rows_of(record, self.max_rows)}, ["examples"])
        body["examples"] = [{"examples": [record["example"]]}]
        result = {"type": "array", "items": {"type": "array"} if title == "Classify" else {"type": "number"}}
        return {
            "summary": f"{title} (TensorFlow Serving)",
            "description": "" if fits else "This model's task is another, so that every request is refused.",
            **body_document({"application/json": body}),
            **answer_document(object_schema({"results": result}, ["results"])),
        }


def _as(key: str, model: Served) -> Callable[[NDArray[np.float32]], bytes]:
    if model.manifest.task == "regression":
        return lambda outputs: _numpy({key: np.ascontiguousarray(outputs[:, 0])})
    return lambda outputs: _numpy({key: np.ascontiguousarray(outputs)})


def _numpy(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def _by_row(columns: dict[str, Any], schema: Schema) -> list[dict[str, Any]]:
    """Rows from one list of values for each feature; a column of one-element lists is as good."""
    lengths = set()
    for name, values in columns.items():
        if type(values) is not list:
            raise invalid(name, values, "must be a list", "send one value for each row")
        lengths.add(len(values))
    if len(lengths) > 1:
        shown = {name: len(values) for name, values in columns.items()}
        raise invalid("inputs", shown, "have different lengths", "send as many values for each feature")
    names = list(columns)
    missing = [f.name for f in schema.features if f.name not in columns and not f.nullable]
    if missing:
        raise invalid(missing[0], None, "must be given", "send a list of values for each feature")
    return [
        dict(zip(names, map(_bare, row), strict=True)) for row in zip(*columns.values(), strict=True)
    ]  # fmt: skip


def _merged(example: Any, context: dict[str, Any]) -> dict[str, Any]:
    if type(example) is not dict:
        raise invalid("examples", example, "must hold objects", "send each example's features by name")
    both = sorted(example.keys() & context.keys())
    if both:
        raise invalid(both[0], example[both[0]], "is in the context too", "send it in one place")
    return {name: _bare(value) for name, value in (context | example).items()}


def _bare(value: Any) -> Any:
    return value[0] if type(value) is list and len(value) == 1 else value


def _tensor(name: str, dtype: str, sizes: list[int]) -> dict[str, Any]:
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": f"{name}:0"}
