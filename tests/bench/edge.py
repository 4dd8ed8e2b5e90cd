"""A network's int8 form against its original on a small device, and the browser's runtime against Python's.

The network is wide enough for its weights to be most of its file. What int8 must reach is size: a prediction of a few
microseconds spends its time elsewhere, so speed only must not suffer much. Without Chromium or the runtime for browsers
the browser's row is left out.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from strategies.browsing import runtime
from strategies.browsing.rows import browser_rows
from strategies.edge.device import MIB, Device
from strategies.edge.quantise import quantise
from strategies.edge.rows import known_rows
from strategies.edge.trial import run_trial
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train
from tests.bench._browser import predictions_ms
from tests.bench._harness import Effort, Row, compare, take_turns
from tests.browser.visiting import CHROMIUM

_DEVICE = Device(512 * MIB)
_CALLS = 1_000


def run(effort: Effort) -> Iterator[Row]:
    """Bytes of the file, microseconds and accuracy of a prediction."""
    with tempfile.TemporaryDirectory() as folder:
        spec = TrainingSpec(
            data="digits", algorithm="neural_network", parameters={"width": 512}, learning_curve=False, track=False
        )
        package = package_trained(train(spec), Path(folder))
        yield from _int8(package, Path(folder), effort)
        if CHROMIUM and runtime.installed():
            yield _browser(package, effort)


def _int8(package: ModelPackage, folder: Path, effort: Effort) -> Iterator[Row]:
    known = known_rows(package)
    small = quantise(package, folder / "int8.onnx").file
    sizes = [[float(file.stat().st_size)] for file in (small, package.served_file)]
    yield compare("edge: file of the int8 form", *sizes, target=3.0, unit="bytes", better="less")
    right: dict[str, list[float]] = {"ours": [], "theirs": []}

    def trial_us(name: str, file: Path) -> float:
        trial = run_trial(file, "probabilities", known.rows, _DEVICE, predictions=_CALLS)
        right[name].append(float(np.mean(trial.answers.argmax(axis=1) == known.truth)))
        return float(np.median(trial.end_s - trial.start_s)) * 1e6

    found = take_turns(
        {"ours": lambda: trial_us("ours", small), "theirs": lambda: trial_us("theirs", package.served_file)},
        effort.rounds,
    )
    title = "edge: one row in int8, under a device's limits"
    yield compare(title, found["ours"], found["theirs"], target=0.5, unit="µs", better="less")
    yield compare("edge: accuracy of the int8 form", right["ours"][:1], right["theirs"][:1], target=0.97, unit="share")


def _browser(package: ModelPackage, effort: Effort) -> Row:
    given = browser_rows(package)
    predict = load_predictor(package).predict
    rows = [given.rows[i : i + 1] for i in range(len(given.rows))]

    def python_us() -> float:
        took_s = []
        for i in range(_CALLS):
            began_s = time.perf_counter()
            predict(rows[i % len(rows)])
            took_s.append(time.perf_counter() - began_s)
        return statistics.fmean(took_s) * 1e6

    with predictions_ms(package, given, _CALLS) as in_browser:
        # Means: the browser's clock is too coarse for the median of single predictions to say much.
        found = take_turns({"ours": lambda: in_browser() * 1e3, "theirs": python_us}, effort.rounds)
    title = "browser: one row, against ONNX Runtime in Python"
    return compare(title, found["ours"], found["theirs"], target=0.05, unit="µs", better="less")
