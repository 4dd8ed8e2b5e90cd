"""The two ways to answer many rows at once, and how a package's faster one is found.

ONNX Runtime wins at one row; at thousands scikit-learn's arrays sometimes do. Which one, and in what slices, depends on
the model and the machine, so it is tried out once for a package and remembered.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.packaging.package import FILE_NAMES, ModelPackage
from strategies.packaging.runtime import OnnxPredictor, Predictor, SkopsPredictor

Runtime = Literal["onnx", "sklearn"]
FILE_OF = {"onnx": FILE_NAMES["onnx"], "sklearn": FILE_NAMES["skops"]}
RUNTIME_OF: dict[str, Runtime] = {"onnx": "onnx", "skops": "sklearn"}
"""By the package's format."""
SLICES: Sequence[int] = (2_048, 8_192, 65_536)
DEFAULT_SLICE = 8_192
"""Rows answered in one call: few enough to stay in the processor's cache, enough to make calls cheap."""


@dataclass(frozen=True, slots=True)
class Loop:
    """How a job predicts. The same runtime and slices answer the same rows with the same bits."""

    runtime: Runtime
    threads: int = 1
    """Threads that one worker uses; they change no bit of the answers."""
    slice_rows: int = DEFAULT_SLICE
    why: str = ""
    """For people: how it came to be chosen."""

    def __str__(self) -> str:
        return f"{self.runtime}, {self.slice_rows:,} rows a call"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Loop":
        return cls(**value)


def served_loop(package: ModelPackage, why: str) -> Loop:
    """The loop of the format that the package is served in."""
    return Loop(RUNTIME_OF[package.manifest.format], why=why)


def runtimes_of(package: ModelPackage) -> tuple[Runtime, ...]:
    """What the package's files can be answered with; the served one first.

    Only files that the manifest lists count: `ModelPackage.open` has checked their hashes.
    """
    first = RUNTIME_OF[package.manifest.format]
    others = [runtime for runtime in RUNTIME_OF.values() if runtime != first]
    return (first, *(runtime for runtime in others if FILE_OF[runtime] in package.manifest.files))


def load_runtime(package: ModelPackage, runtime: Runtime, threads: int) -> Predictor:
    """Load one of the package's files."""
    if runtime not in runtimes_of(package):
        known = " or ".join(runtimes_of(package))
        raise InvalidValue("loop", runtime, "has no file in this package", f"choose {known}, or auto")
    file = package.folder / FILE_OF[runtime]
    if runtime == "onnx":
        return OnnxPredictor(file, len(package.manifest.outputs), threads)
    predictor = SkopsPredictor(file, package.manifest.task)
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)  # after the file's libraries are loaded; it holds for the rest of the process
    return predictor


def predict_all(predictor: Predictor, x: NDArray[np.float32], slice_rows: int) -> NDArray[np.float32]:
    """Answer all rows, a slice at a time. (rows, outputs)"""
    answers = [predictor.predict(x[start : start + slice_rows]) for start in range(0, len(x), slice_rows)]
    return answers[0] if len(answers) == 1 else np.concatenate(answers)
