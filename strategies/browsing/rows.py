"""What a browser is given to predict: held-out rows, and the server's own answers to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.scenario import Scenario
from strategies.live.snippets import example_record
from strategies.measuring.rows import request_rows
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor, open_session, output_name
from strategies.training.report import Report

MOST_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class BrowserRows:
    """Rows as the model reads them, with what the server answers."""

    rows: NDArray[np.float32]
    """(rows, features)"""
    answers: NDArray[np.float32]
    """Class probabilities (rows, classes), or values (rows, 1)."""
    output: str
    """Name of the model's output that holds the answers."""
    dataset: str
    """Where the rows come from; empty for the package's one example."""


def browser_rows(package: ModelPackage) -> BrowserRows:
    """At most `MOST_ROWS` held-out rows of the dataset that the package was trained on; otherwise its example.

    Raises `InvalidValue` for a package that no browser can run: ONNX alone runs there.
    """
    manifest = package.manifest
    if manifest.format != "onnx":
        raise InvalidValue("format", manifest.format, "does not run in a browser", "choose a package served as ONNX")
    report = Report.of(package)
    if report is None:
        dataset, rows = "", manifest.schema.encode_record(example_record(manifest))[None, :]
    else:
        dataset = str(report.spec["data"])
        wanted = Scenario.default().evolve(data={"name": dataset, "target": manifest.target})
        rows = request_rows(wanted, package, MOST_ROWS)
    output = output_name(open_session(package.served_file), len(manifest.outputs))
    return BrowserRows(rows, load_predictor(package).predict(rows), output, dataset)
