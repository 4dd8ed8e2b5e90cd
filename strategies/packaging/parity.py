"""How far a packaged file's answers lie from the fitted pipeline's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.datasets.contract import Task
from strategies.packaging.package import Parity

TOLERANCE = 1e-4
"""Largest difference allowed: of a probability, or of a value relative to the target's spread. Float32 arithmetic moves
a probability by about 1e-6; a wrong conversion moves it by much more."""
MIN_LABEL_AGREEMENT = 0.999


def reference_answers(pipeline: Any, x: NDArray[np.float32], task: Task) -> NDArray[np.float64]:
    """What scikit-learn answers: probabilities (rows, classes), or values (rows, 1)."""
    answers = pipeline.predict(x) if task == "regression" else pipeline.predict_proba(x)
    return np.asarray(answers, dtype=np.float64).reshape(len(x), -1)


def compare(reference: NDArray[np.float64], answers: NDArray[np.floating[Any]], task: Task) -> Parity:
    """Parity of two sets of answers (rows, outputs) to the same rows."""
    difference = np.abs(reference - answers)
    if task == "regression":
        agree = difference[:, 0] <= 1e-5 * np.maximum(np.abs(reference[:, 0]), _spread(reference))
    else:
        agree = np.argmax(reference, axis=1) == np.argmax(answers, axis=1)
    largest = float(difference.max()) if difference.size else 0.0
    return Parity(largest, len(reference), float(agree.mean()) if len(agree) else 1.0)


def shortfall(parity: Parity, reference: NDArray[np.float64], task: Task) -> str:
    """Empty when the parity is good enough; otherwise which rule it breaks."""
    allowed = TOLERANCE * (_spread(reference) if task == "regression" else 1.0)
    if not parity.max_abs_difference <= allowed:  # written so that NaN fails
        return f"its answers differ by up to {parity.max_abs_difference:.2g}, and {allowed:.2g} is allowed"
    if task != "regression" and parity.label_agreement < MIN_LABEL_AGREEMENT:
        return f"it names another class on {1 - parity.label_agreement:.2%} of rows, and 0.1% is allowed"
    return ""


def _spread(values: NDArray[np.float64]) -> float:
    """Standard deviation, or a hundredth of the root mean square where the values hardly differ."""
    if not values.size:
        return 1.0
    return float(max(np.std(values), 0.01 * np.sqrt(np.mean(values**2)), 1e-12))
