"""The zip for AWS: unpacked where AWS unpacks it, the real runtime client runs it without the rest of the project."""

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import InvalidValue
from strategies.functions import bundle
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from tests.strategies.functions.runtime_api import answer_of


def test_the_zip_runs_where_aws_unpacks_it(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    bundle.main(["--package", str(tumour_forest.folder), "--output", str(tmp_path / "function.zip")])
    task = tmp_path / "task"
    with zipfile.ZipFile(tmp_path / "function.zip") as archive:
        archive.extractall(task)
    elsewhere = {name: value for name, value in os.environ.items() if not name.startswith(("DRYDOCK", "AWS"))}
    answer: Any = answer_of({"record": dict(tumour_forest.manifest.example)}, task, elsewhere)
    row = tumour_forest.manifest.schema.encode_record(dict(tumour_forest.manifest.example))[np.newaxis]
    expected = load_predictor(tumour_forest).predict(row)[0]
    assert answer["prediction"]["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_the_same_function_packs_to_the_same_bytes(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        bundle.pack(tumour_forest, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_libraries_go_in_and_too_much_is_refused(
    tumour_forest: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libraries" / "thing" / "__pycache__").mkdir(parents=True)
    (tmp_path / "libraries" / "thing" / "__init__.py").write_text("x = 1\n")
    (tmp_path / "libraries" / "thing" / "__pycache__" / "y.pyc").write_text("")
    bundle.pack(tumour_forest, tmp_path / "f.zip", tmp_path / "libraries")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        names = archive.namelist()
    assert "thing/__init__.py" in names
    assert not any("pyc" in name for name in names)
    assert {"package/manifest.json", "package/model.onnx", "strategies/functions/handler.py"} <= set(names)
    monkeypatch.setattr(bundle, "UNPACKED_LIMIT_BYTES", 1000)
    with pytest.raises(InvalidValue, match="AWS takes"):
        bundle.pack(tumour_forest, tmp_path / "f.zip")
    assert "onnxruntime==" in bundle.requirements(tumour_forest)
