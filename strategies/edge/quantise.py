"""A package's ONNX file with weights of one byte instead of four.

Dynamic quantisation: weights are stored as int8, and the numbers that flow between them are turned into int8 as they
come, so that it needs no rows to calibrate with. Matrix products and convolutions have such a form in ONNX Runtime.
Tree ensembles and the linear models of ONNX's classical part have none: they stay as they are, and nothing is gained.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage

_INT8 = frozenset({"MatMulInteger", "ConvInteger", "DynamicQuantizeLSTM", "QAttention", "QGemm", "DequantizeLinear"})
_WHY_NOT: Mapping[str, str] = {
    "TreeEnsembleClassifier": "a tree ensemble compares numbers with thresholds and multiplies none",
    "TreeEnsembleRegressor": "a tree ensemble compares numbers with thresholds and multiplies none",
    "TreeEnsemble": "a tree ensemble compares numbers with thresholds and multiplies none",
    "LinearClassifier": "ONNX defines this linear model for float32 alone",
    "LinearRegressor": "ONNX defines this linear model for float32 alone",
}


@dataclass(frozen=True, slots=True)
class Quantised:
    """What became of a model."""

    file: Path
    operators: Mapping[str, int]
    """Operators that now compute in int8, with how often each occurs."""
    left: Mapping[str, str]
    """Operators that hold the model's weights and have no int8 form, with the reason."""

    @property
    def changed(self) -> bool:
        return bool(self.operators)


def quantise(package: ModelPackage, file: Path) -> Quantised:
    """Write the package's model to `file`, with int8 where its operators allow.

    Weights keep 7 of their 8 bits: processors without the newest instructions add products of two whole bytes in 16
    bits, where they overflow (ONNX Runtime, *Quantize ONNX Models*, section "Data type selection").

    Raises `InvalidValue` for a package that is not served as ONNX.
    """
    if package.manifest.format != "onnx":
        raise InvalidValue("format", package.manifest.format, "cannot be quantised", "choose a package served as ONNX")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logger = logging.getLogger()
    told = logger.level
    logger.setLevel(logging.ERROR)  # it recommends a preparation that changes nothing for models of this size
    try:
        quantize_dynamic(package.served_file, file, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logger.setLevel(told)
    found = _operators(file)
    return Quantised(
        file,
        {name: count for name, count in found.items() if name in _INT8},
        {name: why for name, why in _WHY_NOT.items() if name in found},
    )


def why_unchanged(quantised: Quantised) -> str:
    """Empty when something was quantised; otherwise why nothing was, for people to read."""
    if quantised.changed:
        return ""
    reasons = "; ".join(f"{name}: {why}" for name, why in quantised.left.items())
    return f"No operator of this model has an int8 form ({reasons or 'none multiplies matrices'})."


def _operators(file: Path) -> Counter[str]:
    import onnx

    model: Any = onnx.load(str(file))
    return Counter(str(node.op_type) for node in model.graph.node)
