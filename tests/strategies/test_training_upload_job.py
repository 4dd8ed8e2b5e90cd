"""An upload as a job: evaluated on the dataset's test rows, and harmless when it is made to do harm."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from strategies.jobs.queue import JobQueue
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import find_package, list_packages
from strategies.training.upload_job import run_upload


def test_an_upload_is_evaluated_and_kept(home: Path, tumour_forest: ModelPackage) -> None:
    file = tumour_forest.served_file
    with JobQueue() as queue:
        job = queue.submit(
            run_upload, {"file": str(file), "file_name": "forest.onnx", "data": "tumour", "target": "malignant"}
        )
        ended = queue.wait(job.id)
    assert ended.status == "done", ended.error
    assert ended.result is not None
    package = find_package(ended.result["version"])
    assert package.manifest.name == "forest"
    # The forest was trained on the same split with the same seed, so that its scores must be the same.
    assert package.manifest.metrics["roc_auc"] == pytest.approx(tumour_forest.manifest.metrics["roc_auc"])
    assert package.manifest.metrics["log_loss"] == pytest.approx(tumour_forest.manifest.metrics["log_loss"], rel=1e-4)
    assert any("may have been fitted on" in note for note in package.manifest.notes)
    assert home in package.folder.parents


def test_a_model_that_asks_for_all_memory_ends_only_its_own_process(home: Path, tmp_path: Path) -> None:
    huge = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "huge")
    nodes = [
        helper.make_node("ConstantOfShape", ["huge"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("Add", ["z", "sum"], ["shifted"]),
        helper.make_node("Softmax", ["shifted"], ["p"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 30])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", 2])],
        [huge, numpy_helper.from_array(np.zeros((30, 2), np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    file = tmp_path / "huge.onnx"
    file.write_bytes(model.SerializeToString())
    with JobQueue() as queue:
        job = queue.submit(run_upload, {"file": str(file), "file_name": "huge.onnx", "data": "tumour"})
        ended = queue.wait(job.id)
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.is_a(MemoryError) or "cannot be run" in ended.error.message
    assert list_packages() == ()
    assert home.is_dir()
