"""The part of the page that predicts by itself: its scripts run in the visitor's browser, with the model."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.browsing.serving import RUNTIME, SCRIPT, model_path
from data.datasets.digits import Digits
from strategies.browsing.rows import BrowserRows
from strategies.packaging.package import ModelPackage

PREDICTIONS = 1_000
WARM_UP = 50
_SAMPLES = 10
_HERE = Path(__file__).parent
# Streamlit loads a part's script from a text; that text loads ours, by address, so that they can be several files.
_LOADER = f"""export default async (part) =>
  (await import(new URL({SCRIPT!r}, window.location.origin))).default(part)"""


def browser_part(package: ModelPackage, given: BrowserRows) -> Mapping[str, Any] | None:
    """Show it; returns what the browser measured, once, when it has just done so."""
    # Registered anew each time: the registry belongs to the server, and a script can outlive none of it.
    part = st.components.v2.component(
        "in_browser", html=(_HERE / "page.html").read_text(), css=(_HERE / "page.css").read_text(), js=_LOADER
    )
    result = part(key=f"in-browser-{package.version}", data=_data(package, given), on_measured_change=_nothing)
    measured = result.measured
    return measured if isinstance(measured, Mapping) else None


def _data(package: ModelPackage, given: BrowserRows) -> dict[str, Any]:
    manifest = package.manifest
    return {
        "version": package.version,
        "task": manifest.task,
        "target": manifest.target,
        "classes": list(manifest.outputs),
        "threshold": manifest.threshold,
        "runtime": RUNTIME,
        "model": model_path(package.version),
        "output": given.output,
        "draw": manifest.schema.names == Digits.schema.names,
        "rows": [[None if math.isnan(value) else value for value in row] for row in given.rows.tolist()],
        "answers": given.answers.tolist(),
        "samples": _samples(package, given),
        "count": PREDICTIONS,
        "warm_up": WARM_UP,
    }


def _samples(package: ModelPackage, given: BrowserRows) -> list[dict[str, Any]]:
    """Rows to choose from: of each class the one that the server is surest of, or the first few."""
    outputs = package.manifest.outputs
    if package.manifest.task == "regression" or len(given.rows) < _SAMPLES:
        return [{"row": i, "name": f"row {i + 1}"} for i in range(min(_SAMPLES, len(given.rows)))]
    surest = given.answers.argmax(axis=0)
    return [{"row": int(row), "name": f"{name} (row {row + 1})"} for name, row in zip(outputs, surest, strict=True)]


def _nothing() -> None:
    """Streamlit keeps what a script sends only for those who ask to be called."""
