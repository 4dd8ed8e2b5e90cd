"""The Open Inference Protocol (KServe V2) over REST, as Triton, MLServer and KServe speak it.

Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md. A model is asked
either with one numeric tensor ``features`` of shape [rows, features], categories as their codes, or with one tensor per
feature of shape [rows] or [rows, 1], categories as BYTES. A classifier answers with ``probabilities`` and ``label``, a
regression with ``value``.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from math import prod
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from data.schema import Feature
from strategies.packaging.package import Manifest
from strategies.serving.documents import answer_document, body_document, example, object_schema
from strategies.serving.models import Served
from strategies.serving.parsing import list_at, parse_object, refuse_unknown_keys, require_json
from strategies.serving.problems import Problem, invalid
from strategies.serving.protocols.contract import Asked, Lookup, Prediction, Protocol, Question

_NUMBERS = (
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64",
)  # fmt: skip
_MODEL, _VERSION = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
_REQUEST = frozenset({"id", "parameters", "inputs", "outputs"})
_TENSOR = frozenset({"name", "shape", "datatype", "parameters", "data"})


class OpenInference(Protocol):
    prefixes = ("/v2",)

    def operations(self) -> list[Prediction | Lookup]:
        found: list[Prediction | Lookup] = [
            Lookup("/v2", self._server, {"summary": "Server metadata"}),
            Lookup("/v2/health/live", lambda _: {"live": True}, {"summary": "Server live"}),
            Lookup("/v2/health/ready", self._server_ready, {"summary": "Server ready"}),
        ]
        for path in (_MODEL, _VERSION):
            found += [
                Prediction(f"{path}/infer", self.read, self._document()),
                Lookup(path, self._model, {"summary": "Model metadata"}),
                Lookup(f"{path}/ready", self._model_ready, {"summary": "Model ready"}),
            ]
        return found

    def read(self, asked: Asked) -> Question:
        require_json(asked.headers.get(b"content-type"))
        model = self.models.find(asked.name, asked.version)
        document = parse_object(asked.body)
        refuse_unknown_keys(document, _REQUEST)
        identifier = document.get("id")
        if identifier is not None and type(identifier) is not str:
            raise invalid("id", identifier, "must be a string", "send it in quotes, or leave it out")
        if "inputs" not in document:
            raise invalid("body", sorted(document), "holds no inputs", "send a list of input tensors")
        tensors = [_checked(tensor) for tensor in list_at(document, "inputs")]
        wanted = _wanted(document, model)
        return Question(model, self._rows(tensors, model), _reply(model, wanted, identifier))

    def _rows(self, tensors: list[dict[str, Any]], model: Served) -> NDArray[np.float32]:
        if [t["name"] for t in tensors] == ["features"] and "features" not in model.schema.names:
            return self._matrix(tensors[0], model)
        columns: dict[str, list[Any]] = {}
        for tensor in tensors:
            name, shape = tensor["name"], tensor["shape"]
            if name not in model.schema.names:
                raise invalid(name, shape, "is not a feature", "send features, or one tensor for each feature")
            if name in columns:
                raise invalid(name, shape, "is given twice", "send each input once")
            if len(shape) > 2 or shape[1:] not in ([], [1]):
                raise invalid(f"shape of {name}", shape, "must be [rows] or [rows, 1]", "send one value for each row")
            columns[name] = _flat(tensor)
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            shown = {name: len(values) for name, values in columns.items()}
            raise invalid("inputs", shown, "have different numbers of rows", "send the same number of rows in each")
        count = lengths.pop() if lengths else 0
        self.check_count(count, "inputs")
        names = list(columns)
        return model.schema.encode_records(
            [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        )

    def _matrix(self, tensor: dict[str, Any], model: Served) -> NDArray[np.float32]:
        width, shape = len(model.schema), tensor["shape"]
        if len(shape) != 2 or shape[1] != width:
            raise invalid("shape of features", shape, f"must be [rows, {width}]", "send a value for each feature")
        self.check_count(shape[0], "features")
        values = _flat(tensor)
        rows = [values[start : start + width] for start in range(0, len(values), width)]
        return model.schema.encode_rows([_named(row, model.schema.features) for row in rows])

    def _server(self, _params: object) -> dict[str, Any]:
        try:
            release = version("drydock")
        except PackageNotFoundError:
            release = "0"
        return {"name": "drydock", "version": release, "extensions": []}

    def _server_ready(self, _params: object) -> dict[str, Any]:
        if not self.ready():
            raise Problem(503, "Not ready", "The server is draining.")
        return {"ready": True, "live": True}

    def _model(self, params: Mapping[str, str]) -> dict[str, Any]:
        model = self.models.find(params["name"], params.get("version"))
        features = [
            {"name": f.name, "datatype": "BYTES" if f.kind == "category" else "FP32", "shape": [-1]}
            for f in model.schema.features
        ]
        return {
            "name": model.name,
            "versions": list(self.models.versions),
            "platform": "onnxruntime_onnx" if model.manifest.format == "onnx" else "sklearn_skops",
            "inputs": features,
            "outputs": [
                {"name": name, "datatype": kind, "shape": [-1, *shape]}
                for name, (kind, shape) in _outputs(model).items()
            ],
        }

    def _model_ready(self, params: Mapping[str, str]) -> dict[str, Any]:
        model = self.models.find(params["name"], params.get("version"))
        return {"name": model.name, "ready": self.ready()}

    def _document(self) -> dict[str, Any]:
        manifest = self.models.current.manifest
        features = manifest.schema.features
        tensor = object_schema(
            {
                "name": {"enum": ["features", *(f.name for f in features)]},
                "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
                "datatype": {"enum": [*_NUMBERS, "BYTES"]},
                "parameters": {"type": "object"},
                "data": {"type": "array"},
            },
            ["name", "shape", "datatype", "data"],
        )
        output = object_schema({"name": {"type": "string"}, "parameters": {"type": "object"}}, ["name"])
        body = object_schema(
            {
                "id": {"type": "string"},
                "parameters": {"type": "object"},
                "inputs": {"type": "array", "items": tensor, "minItems": 1},
                "outputs": {"type": "array", "items": output},
            },
            ["inputs"],
        )
        body["examples"] = [{"inputs": [_example(f, manifest) for f in features]}]
        answer: dict[str, Any] = {key: {"type": "string"} for key in ("model_name", "model_version", "id")}
        answer |= {"outputs": {"type": "array", "items": {"type": "object"}}}
        return {
            "summary": "Infer (Open Inference Protocol)",
            **body_document({"application/json": body}),
            **answer_document(object_schema(answer, ["model_name", "outputs"])),
        }


def _checked(tensor: Any) -> dict[str, Any]:
    """An input tensor whose parts are of the right kind, and as many values as its shape says."""
    if type(tensor) is not dict:
        raise invalid("inputs", tensor, "must hold tensors", "send name, shape, datatype and data")
    refuse_unknown_keys(tensor, _TENSOR)
    for key, kind in (("name", str), ("datatype", str), ("shape", list), ("data", list)):
        if type(tensor.get(key)) is not kind:
            raise invalid(key, tensor.get(key), f"must be a {kind.__name__}", "send name, shape, datatype and data")
    shape = tensor["shape"]
    if not shape or any(type(size) is not int or size < 0 for size in shape):
        raise invalid("shape", shape, "must be whole numbers, at least one", "send the size of each dimension")
    if tensor["datatype"] not in (*_NUMBERS, "BYTES"):
        raise invalid("datatype", tensor["datatype"], "is unknown", f"send one of {', '.join(_NUMBERS)}, BYTES")
    return tensor


def _flat(tensor: dict[str, Any]) -> list[Any]:
    """The values in row-major order, whether they came nested or not."""
    data: list[Any] = tensor["data"]
    for _ in range(len(tensor["shape"]) - 1):
        if data and type(data[0]) is list:
            data = [value for row in data for value in (row if type(row) is list else [row])]
    if len(data) != prod(tensor["shape"]):
        rule = f"must be {prod(tensor['shape']):,}, as its shape says"
        raise invalid(f"number of values in {tensor['name']}", len(data), rule, "make shape and data agree")
    if tensor["datatype"] == "BOOL":
        return [int(value) if type(value) is bool else value for value in data]
    return data


def _named(row: list[Any], features: tuple[Feature, ...]) -> list[Any]:
    """A row of a numeric tensor, with the names of the categories whose codes it holds."""
    return [
        f.categories[value] if f.kind == "category" and type(value) is int and 0 <= value < len(f.categories) else value
        for f, value in zip(features, row, strict=True)
    ]


def _outputs(model: Served) -> dict[str, tuple[str, list[int]]]:
    """Data type and shape of a row for each output."""
    if model.manifest.task == "regression":
        return {"value": ("FP32", [1])}
    return {"probabilities": ("FP32", [len(model.manifest.outputs)]), "label": ("BYTES", [])}


def _wanted(document: dict[str, Any], model: Served) -> list[str]:
    """Names of the outputs asked for, all of them where none is."""
    there = _outputs(model)
    if not document.get("outputs"):
        return list(there)
    names: list[str] = []
    for tensor in list_at(document, "outputs"):
        name = tensor.get("name") if type(tensor) is dict else None
        if type(name) is not str or name not in there:
            raise invalid("outputs", tensor, "names no output", f"ask for {', '.join(there)}")
        names.append(name)
    return names


def _reply(model: Served, wanted: list[str], identifier: str | None) -> Callable[[NDArray[np.float32]], bytes]:
    def reply(outputs: NDArray[np.float32]) -> bytes:
        tensors = []
        for name in wanted:
            kind, shape = _outputs(model)[name]
            labels = model.manifest.outputs
            data: Any = np.ascontiguousarray(outputs).reshape(-1)
            if name == "label":
                data = [labels[model.label_index(row)] for row in outputs]
            tensors.append({"name": name, "shape": [len(outputs), *shape], "datatype": kind, "data": data})
        answer: dict[str, Any] = {"model_name": model.name, "model_version": model.version, "outputs": tensors}
        if identifier is not None:
            answer["id"] = identifier
        return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)

    return reply


def _example(feature: Feature, manifest: Manifest) -> dict[str, Any]:
    kind = "BYTES" if feature.kind == "category" else "FP32"
    return {"name": feature.name, "shape": [1], "datatype": kind, "data": [example(feature, manifest)]}
