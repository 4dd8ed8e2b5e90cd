"""Formats: who runs a stranger's pickle, and each way in which a format to ship falls short."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.schema import Feature, Schema
from lessons.catalogue import experiment
from lessons.experiments._malicious import attack
from lessons.record import Outcome, Plot, Record, Series
from strategies.packaging.upload import Upload

GOOD = {
    "title": "ONNX", "status": "ok", "reason": "", "safety": "data", "size_kb": 35.0, "first_ms": 30.0,
    "pickle_ms": 1_200.0,
}  # fmt: skip


def test_pickle_runs_the_stranger_and_the_upload_does_not(tmp_path: Path) -> None:
    schema = Schema((Feature("a"), Feature("b")))
    upload = Upload("mine", schema, "binary", "y", ("no", "yes"), np.zeros((4, 2), np.float32))
    found = attack(tmp_path, upload)
    assert found.ran
    assert not found.ran_at_upload
    assert "so it was not loaded" in found.refused
    assert not (tmp_path / "packages").exists()


def _verdict(**changed: Any) -> Any:
    record = Record(
        settings={}, seed=1, origin="measured", figures={}, labels={}, outcome=Outcome(0, "first_pickle"),
        plot=Plot("x", "y", (Series("s", [1.0], [1.0]),), "none"), provenance="",
        facts={"shipped": {**GOOD, **changed}},
    )  # fmt: skip
    return experiment("03_model_formats").check(record)


def test_a_safe_small_and_quick_file_passes() -> None:
    assert _verdict().passed
    assert _verdict(size_kb=100.0, first_ms=300.0).passed


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"safety": "code"}, "whatever its author put into it"),
        ({"safety": "checked"}, "types that are checked first"),
        ({"first_ms": 301.0}, "not ready soon enough"),
        ({"size_kb": 100.1}, "above the budget"),
        ({"status": "unavailable", "reason": "no maintained library writes it"}, "no maintained library"),
        ({"status": "differs", "reason": "its answers differ by 0.3"}, "differ by 0.3"),
    ],
)
def test_each_shortfall_is_told_apart(changed: dict[str, Any], why: str) -> None:
    verdict = _verdict(**changed)
    assert not verdict.passed
    assert why in verdict.why
