"""A fitted scikit-learn pipeline as an ONNX graph: `features` in, `probabilities` or `value` out, nothing else."""

import warnings
from typing import Any

from data.datasets.contract import Task

INPUT = "features"
OPSETS = {"": 18, "ai.onnx.ml": 3}
"""Fixed, so that runtimes of the last years, in browsers and on devices too, can read every package."""


def to_onnx(pipeline: Any, width: int, task: Task) -> bytes:
    """Convert a fitted pipeline that reads float32 rows of `width` columns.

    The graph has one input, ``features`` (rows, width), and one output: ``probabilities`` (rows, classes), or ``value``
    (rows, 1) for a regression. Labels are left out: whoever needs one takes the largest probability, or the
    manifest's threshold. Raises whatever skl2onnx raises for a step that it cannot express.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    options = {} if task == "regression" else {id(pipeline): {"zipmap": False}}
    with warnings.catch_warnings():
        # The converter hands NumPy integers to protobuf, which will not take them silently for ever.
        warnings.simplefilter("ignore", DeprecationWarning)
        model = convert_sklearn(
            pipeline,
            name="drydock",
            initial_types=[(INPUT, FloatTensorType([None, width]))],
            target_opset=OPSETS,
            options=options,
        )
    _keep_only(model.graph, -1, "value" if task == "regression" else "probabilities")
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    del model.opset_import[:]  # the converter may list a domain twice
    for domain, version in opsets.items():
        model.opset_import.add(domain=domain, version=version)
    return bytes(model.SerializeToString())


def _keep_only(graph: Any, position: int, name: str) -> None:
    """Keep one of the graph's outputs, under a new name, and the nodes that it needs."""
    kept = graph.output[position]
    old, kept_copy = kept.name, type(kept)()
    kept_copy.CopyFrom(kept)
    kept_copy.name = name
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [name if n == old else n for n in names]
    del graph.output[:]
    graph.output.append(kept_copy)
    needed, nodes = {name}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= set(node.input)
    copies = []
    for node in reversed(nodes):
        copies.append(type(node)())
        copies[-1].CopyFrom(node)
    del graph.node[:]
    graph.node.extend(copies)
    initializers = [i for i in graph.initializer if i.name not in needed]
    for unused in initializers:
        graph.initializer.remove(unused)
