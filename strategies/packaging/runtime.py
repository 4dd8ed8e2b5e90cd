"""Answering with a packaged model: what every way of serving calls, and nothing it does not need.

Importing this file loads no training library, so that a server, a consumer or a cold function starts quickly; a package
served by skops loads scikit-learn when it is opened.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage

_CPU = ["CPUExecutionProvider"]
_ERRORS_ONLY = 3


class Predictor(ABC):
    """A model in memory, ready to answer. Safe to call from several threads."""

    version: str = ""
    """Version of the package that it came from."""

    @abstractmethod
    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities (rows, classes), or values (rows, 1), for encoded rows (rows, features).

        The rows are what `Schema.encode` made; neither type nor width is checked again here.
        """


class OnnxPredictor(Predictor):
    """Answers through ONNX Runtime; `model` is a file or its bytes, `width` the number of outputs."""

    def __init__(self, model: Path | bytes, width: int, threads: int = 1) -> None:
        session = open_session(model, threads)
        # Bound once: naming the one output spares the runtime the others, and a look-up in each call.
        self._run = session.run
        self._input = session.get_inputs()[0].name
        self._wanted = [output_name(session, width)]

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        answer: NDArray[np.float32] = self._run(self._wanted, {self._input: x})[0]
        return answer  # (rows, classes) or (rows, 1)


class SkopsPredictor(Predictor):
    """Answers through the fitted scikit-learn pipeline in a file that Drydock wrote or has inspected."""

    def __init__(self, file: Path, task: Task) -> None:
        from strategies.packaging.skops_files import load_skops

        pipeline = load_skops(file)
        self._answer = pipeline.predict if task == "regression" else pipeline.predict_proba

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        answer = np.asarray(self._answer(x), dtype=np.float32)
        return answer.reshape(len(x), -1)  # (rows, classes) or (rows, 1)


def load_predictor(package: ModelPackage, threads: int = 1) -> Predictor:
    """Load a package's served file.

    Parameters
    ----------
    package
        What `ModelPackage.open` or `build_package` returned.
    threads
        Threads that one prediction may use, for ONNX. One is right for serving: several requests share the cores, and a
        pool of threads costs more than a single row takes.
    """
    manifest = package.manifest
    predictor: Predictor
    if manifest.format == "onnx":
        predictor = OnnxPredictor(package.served_file, len(manifest.outputs), threads)
    else:
        predictor = SkopsPredictor(package.served_file, manifest.task)
    predictor.version = package.version
    return predictor


def headline(outputs: NDArray[np.floating[Any]], task: Task) -> NDArray[np.float64]:
    """The one number per row that a trace keeps as its answer, (rows,) from (rows, classes) or (rows, 1).

    The positive class's probability for a binary task, the index of the likeliest class for a multiclass one, the value
    for a regression.
    """
    return np.asarray(np.argmax(outputs, axis=1) if task == "multiclass" else outputs[:, -1], dtype=np.float64)


def open_session(model: Path | bytes, threads: int = 1) -> Any:
    """An ONNX Runtime session on the processor, for a file or for a model's bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=_CPU)


def output_name(session: Any, width: int) -> str:
    """Name of the output that holds the answers: float32 and `width` wide (the last such, as labels come first).

    A model of our own has only that one; an uploaded one may have labels beside it.
    """
    fitting = [o.name for o in session.get_outputs() if o.type == "tensor(float)" and _fits(o.shape, width)]
    if not fitting:
        found = [(o.name, o.type, o.shape) for o in session.get_outputs()]
        raise InvalidValue(
            "model outputs", found, f"hold no float32 matrix with {width} columns", "export the class probabilities"
        )
    return str(fitting[-1])


def _fits(shape: list[int | str | None], width: int) -> bool:
    return len(shape) == 2 and (shape[1] == width or not isinstance(shape[1], int))
