"""ONNX models that cannot be served are refused, each with what is wrong with it and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from data.errors import InvalidValue
from data.schema import Feature, Schema
from strategies.packaging.package import ModelPackage
from strategies.packaging.upload import Upload, package_upload

SCHEMA = Schema((Feature("a"), Feature("b"), Feature("c")))
X = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
UPLOAD = Upload("mine", SCHEMA, "binary", "y", ("no", "yes"), X)


def upload(file: Path, root: Path) -> ModelPackage:
    return package_upload(file, file.name, UPLOAD, root)


WEIGHTS = numpy_helper.from_array(np.ones((3, 2), np.float32), "w")


def graph(
    nodes: list[Any] | None = None, rows: Any = "n", width: Any = 3, outputs: Any = 2, kind: int = TensorProto.FLOAT
) -> Any:
    default = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Softmax", ["z"], ["p"])]
    return helper.make_graph(
        nodes or default,
        "g",
        [helper.make_tensor_value_info("x", kind, [rows, width])],
        [helper.make_tensor_value_info("p", kind, [rows, outputs])],
        [WEIGHTS],
    )


def model(of: Any, **more: Any) -> Any:
    return helper.make_model(of, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, **more)


def external() -> Any:
    made = model(graph())
    tensor = made.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../../etc/passwd"
    return made


def external_inside() -> Any:
    """The same, hidden in the branch of an If inside a node's attribute."""
    inner = external().graph.initializer[0]
    inner.name = "hidden"
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["b"], value=inner)],
        "branch",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [3, 2])],
    )
    yes = numpy_helper.from_array(np.array(True), "yes")
    nodes = [
        helper.make_node("If", ["yes"], ["v"], then_branch=branch, else_branch=branch),
        helper.make_node("MatMul", ["x", "v"], ["z"]),
        helper.make_node("Softmax", ["z"], ["p"]),
    ]
    made = model(graph(nodes))
    made.graph.initializer.append(yes)
    return made


def two_inputs() -> Any:
    made = model(graph())
    made.graph.input.append(helper.make_tensor_value_info("extra", TensorProto.FLOAT, ["n", 1]))
    return made


def with_function() -> Any:
    body = [helper.make_node("Identity", ["a"], ["b"])]
    function = helper.make_function("mine", "F", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    return model(graph(), functions=[function])


def of_batch() -> Any:
    """Probabilities that depend on which other rows come along."""
    nodes = [helper.make_node("MatMul", ["x", "w2"], ["z"]), helper.make_node("Softmax", ["z"], ["q"], axis=0)]
    nodes += [helper.make_node("ReduceSum", ["q", "one"], ["s"]), helper.make_node("Div", ["q", "s"], ["p"])]
    made = model(graph(nodes))
    made.graph.initializer.append(numpy_helper.from_array(np.eye(3, 2, dtype=np.float32), "w2"))
    made.graph.initializer.append(numpy_helper.from_array(np.array([1]), "one"))
    return made


def zipmapped() -> Any:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    return to_onnx(LogisticRegression().fit(X, X[:, 0] > X[:, 1]), X[:1])


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "external data": (external, r"keeps its weights 'w' in another file: save it as one file"),
    "external data, hidden": (external_inside, r"keeps its weights 'hidden' in another file"),
    "functions": (with_function, "functions or training steps of its own"),
    "custom operator": (
        lambda: model(graph([helper.make_node("Evil", ["x"], ["p"], domain="com.evil")])),
        r"operators of com\.evil, which are not part of ONNX",
    ),
    "unknown operator": (
        lambda: model(graph([helper.make_node("Evil", ["x"], ["p"])])),
        r"is no valid ONNX model \(No Op registered for Evil",
    ),
    "two inputs": (two_inputs, r"has 2 inputs \(x, extra\)"),
    "another width": (lambda: model(graph(width=7)), r"reads x \(float, \? × 7\), not float32 rows of 3 columns"),
    "doubles": (lambda: model(graph(kind=TensorProto.DOUBLE)), r"no valid ONNX model|reads x \(double"),
    "fixed rows": (lambda: model(graph(rows=1)), r"reads exactly 1 row\(s\) at a time: export it with a dynamic"),
    "another number of classes": (lambda: model(graph(outputs=5)), r"no valid ONNX model|not with float32 rows of 2"),
    "maps": (zipmapped, r"answers with .*\(a sequence\), not with .*: export class probabilities \(with zipmap off\)"),
    "logits": (
        lambda: model(graph([helper.make_node("MatMul", ["x", "w"], ["p"])])),
        "numbers that are not probabilities",
    ),
    "not a number": (
        lambda: model(graph([helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Log", ["z"], ["p"])])),
        "values that are not finite",
    ),
    "rows mixed up": (of_batch, "answers a row otherwise when others come with it"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_onnx_model_that_cannot_be_served_says_why(tmp_path: Path, case: str) -> None:
    make, says = REFUSED[case]
    file = tmp_path / "mine.onnx"
    file.write_bytes(make().SerializeToString())
    with pytest.raises(InvalidValue, match=says):
        upload(file, tmp_path / "packages")
    assert not list(tmp_path.glob("packages/*"))


def test_the_graph_that_the_refused_ones_vary_is_itself_accepted(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    onnx.save(model(graph()), file)
    assert upload(file, tmp_path / "packages").manifest.outputs == ("no", "yes")
