"""Whether an ONNX file from elsewhere can be served: valid, self-contained, of known operators and of our shape."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.errors import InvalidValue

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
"""Operators of these domains are part of ONNX itself, so that every runtime has them."""


def check_onnx(path: Path, width: int, outputs: int) -> None:
    """Raise `InvalidValue` unless the model is valid and reads float32 rows of `width` columns.

    Refused are models that name files outside themselves, operators beyond ONNX's own, more than one input, a fixed
    number of rows, and no float32 matrix of `outputs` columns to answer with.
    """
    import onnx

    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's error class is private to its implementation
        raise _refused("is no ONNX model", f"{error}; export it again") from None
    if not model.graph.node:
        raise _refused("is no ONNX model: it has no operators", "export it again")
    _check_self_contained(model)
    _check_domains(model)
    _check_input(model.graph, width)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the checker's and the shape inference's errors have no common root
        raise _refused(f"is no valid ONNX model ({_first_line(error)})", "export it again") from None
    _check_output(model.graph, outputs)


def _graphs(graph: Any) -> Iterator[Any]:
    """The graph and all those inside its operators' attributes."""
    yield graph
    yield from _graphs_of(graph.node)


def _graphs_of(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _graphs(inner)


def _check_self_contained(model: Any) -> None:
    import onnx

    if model.functions or model.training_info:
        raise _refused("carries functions or training steps of its own", "export it for inference, functions inlined")
    for graph in _graphs(model.graph):
        tensors = [*graph.initializer]
        for sparse in graph.sparse_initializer:
            tensors += [sparse.values, sparse.indices]
        for node in graph.node:
            for attribute in node.attribute:
                tensors += [attribute.t, *attribute.tensors, attribute.sparse_tensor.values]
                tensors += [part for sparse in attribute.sparse_tensors for part in (sparse.values, sparse.indices)]
        for tensor in tensors:
            if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
                rule = f"keeps its weights {tensor.name!r} in another file"
                raise _refused(rule, "save it as one file (onnx.save without save_as_external_data)")


def _check_domains(model: Any) -> None:
    used = {node.domain for graph in _graphs(model.graph) for node in graph.node}
    foreign = sorted(used - DOMAINS)
    if foreign:
        rule = f"uses operators of {', '.join(foreign)}, which are not part of ONNX"
        raise _refused(rule, "export it with operators of ai.onnx and ai.onnx.ml only")


def _check_input(graph: Any, width: int) -> None:
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [given for given in graph.input if given.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(given.name for given in inputs) or "none"
        raise _refused(f"has {len(inputs)} inputs ({names})", "export it with one matrix of all features as input")
    shape = _float_shape(inputs[0])
    if shape is None or len(shape) != 2 or shape[1] not in (None, width):
        rule = f"reads {_described(inputs[0])}, not float32 rows of {width} columns"
        raise _refused(rule, "export it for the features of the dataset, in their order")
    if shape[0] is not None:
        raise _refused(f"reads exactly {shape[0]} row(s) at a time", "export it with a dynamic first axis")


def _check_output(graph: Any, outputs: int) -> None:
    shapes = [_float_shape(answer) for answer in graph.output]
    if not any(shape is not None and len(shape) == 2 and shape[1] in (None, outputs) for shape in shapes):
        found = "; ".join(_described(answer) for answer in graph.output)
        remedy = "export class probabilities (with zipmap off), or one column with the value"
        raise _refused(f"answers with {found}, not with float32 rows of {outputs} columns", remedy)


def _float_shape(value: Any) -> list[int | None] | None:
    """Sizes of a float32 tensor's axes, None for a dynamic one; None for anything else."""
    import onnx

    if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        return None
    return [axis.dim_value if axis.HasField("dim_value") else None for axis in value.type.tensor_type.shape.dim]


def _described(value: Any) -> str:
    import onnx

    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        return f"{value.name} (a {str(kind).removesuffix('_type')})"
    tensor = value.type.tensor_type
    axes = [str(axis.dim_value) if axis.HasField("dim_value") else "?" for axis in tensor.shape.dim]
    return f"{value.name} ({onnx.TensorProto.DataType.Name(tensor.elem_type).lower()}, {' × '.join(axes) or 'scalar'})"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")


def _refused(rule: str, remedy: str) -> InvalidValue:
    return InvalidValue("model file", "ONNX", rule, remedy)
