"""The comparison of formats: real files, loaded elsewhere, and never one that was changed on the way."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.datasets.contract import Task
from data.errors import Cancelled, InvalidValue
from data.schema import Feature, Schema
from strategies.packaging import format_comparison
from strategies.packaging.format_comparison import compare_formats
from strategies.packaging.formats import _child
from strategies.packaging.formats.contract import About, Fitted
from strategies.packaging.formats.onnx import Onnx
from strategies.packaging.package import ModelPackage
from strategies.packaging.pmml_columns import Column, NotExpressible, columns_of
from strategies.packaging.pmml_files import to_pmml
from strategies.training.format_job import fitted_of, rows_for


def test_each_format_is_measured_or_says_why_not(digits_network: ModelPackage) -> None:
    rows = rows_for(digits_network)
    seen: list[str] = []
    results = compare_formats(
        fitted_of(digits_network),
        rows,
        names=["onnx", "pfa", "pickle", "pmml"],
        progress=lambda stage, _: seen.append(stage),
    )
    onnx, pfa, pickled, pmml = results
    assert [r.status for r in results] == ["ok", "unavailable", "ok", "not carried"], [r.reason for r in results]
    assert seen == ["ONNX", "PFA", "pickle", "PMML", "done"]
    for result in (onnx, pickled):
        assert result.parity is not None
        assert result.parity.rows == len(rows)
        assert result.parity.label_agreement == 1
        assert result.reason == ""
        for figure in (result.size_bytes, result.save_s, result.first_load_s, result.load_s, result.row_s):
            assert figure is not None
            assert figure > 0
    assert onnx.size_bytes == digits_network.served_file.stat().st_size
    assert "titus2" in pfa.reason
    assert "MLPClassifier" in pmml.reason
    assert json.loads(json.dumps(onnx.to_dict()))["parity"]["rows"] == len(rows)


def test_an_answer_that_differs_is_not_ok(digits_network: ModelPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_model(*_: Any) -> dict[str, Any]:
        np.save(_[4], np.full((len(_[3]), 10), 0.1))
        return {"first_load_s": 1.0, "load_s": 1.0, "row_s": 1.0}

    monkeypatch.setattr(format_comparison, "_load_elsewhere", another_model)
    (result,) = compare_formats(fitted_of(digits_network), rows_for(digits_network), names=["onnx"])
    assert result.status == "differs"
    assert "differ by up to" in result.reason


def test_a_format_that_breaks_does_not_stop_the_others(
    digits_network: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Onnx, "save", broken)
    onnx, pfa = compare_formats(fitted_of(digits_network), rows_for(digits_network), names=["onnx", "pfa"])
    assert (onnx.status, pfa.status) == ("failed", "unavailable")
    assert "no space left on device" in onnx.reason


def test_it_can_be_cancelled(digits_network: ModelPackage) -> None:
    with pytest.raises(Cancelled, match="formats"):
        compare_formats(fitted_of(digits_network), rows_for(digits_network), cancelled=lambda: True)


class Malicious:
    """Its pickle makes a file where it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("name", ["pickle", "joblib"])
def test_a_file_that_was_exchanged_is_not_loaded(tmp_path: Path, name: str) -> None:
    file, marker = tmp_path / "model", tmp_path / "the pickle ran"
    file.write_bytes(b"what was written")
    order = {"format": name, "file": str(file), "sha256": _child.digest(file)}
    file.write_bytes(pickle.dumps(Malicious(marker)))
    with pytest.raises(InvalidValue, match="is not the file that was just written"):
        _child.run(order)
    assert not marker.exists()


def test_a_folders_digest_sees_every_file_and_name(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "inner").mkdir(parents=True)
    (folder / "a").write_text("1")
    (folder / "inner" / "b").write_text("2")
    before = _child.digest(folder)
    (folder / "inner" / "b").rename(folder / "inner" / "c")
    renamed = _child.digest(folder)
    (folder / "inner" / "c").write_text("3")
    assert len({before, renamed, _child.digest(folder)}) == 3


def test_an_uploaded_onnx_file_has_nothing_to_save(digits_network: ModelPackage) -> None:
    from dataclasses import replace

    manifest = replace(digits_network.manifest, files={"model.onnx": digits_network.manifest.files["model.onnx"]})
    with pytest.raises(InvalidValue, match="was uploaded as ONNX"):
        fitted_of(ModelPackage(digits_network.folder, manifest))


# -- PMML, by hand -----------------------------------------------------------------------------------------------------

SCHEMA = Schema((Feature("age"), Feature("colour", "category", ("red", "green"))))


def linear(X: NDArray[np.float32], y: NDArray[Any], task: Task = "regression") -> Any:
    from data.discovery import kind
    from strategies.training.algorithms.contract import Algorithm

    return kind("strategies.training.algorithms", Algorithm, "linear")({"penalty": 1e-6}).fit(SCHEMA, task, X, y, 1)  # type: ignore[type-abstract]


def test_the_coefficients_in_pmml_are_those_of_the_values_themselves() -> None:
    import xml.etree.ElementTree as ET

    rng = np.random.default_rng(1)
    X = np.stack([rng.normal(40, 12, 500), rng.integers(0, 2, 500)], axis=1).astype(np.float32)
    root = ET.fromstring(to_pmml(linear(X, 3 + 2 * X[:, 0] + 5 * (X[:, 1] == 1)), SCHEMA, "regression", "y", ("y",)))
    space = {"p": "http://www.dmg.org/PMML-4_4"}
    table = root.find(".//p:RegressionTable", space)
    assert table is not None
    age = table.find("p:NumericPredictor[@name='age']", space)
    colours = {
        c.get("value"): float(c.get("coefficient", "nan")) for c in table.findall("p:CategoricalPredictor", space)
    }
    assert age is not None
    assert float(age.get("coefficient", "nan")) == pytest.approx(2, abs=1e-4)
    assert colours["green"] - colours["red"] == pytest.approx(5, abs=1e-3)
    assert float(table.get("intercept", "nan")) + colours["red"] == pytest.approx(3, abs=1e-2)


def test_the_columns_of_a_pipeline_are_explained() -> None:
    X = np.array([[30, 0], [50, 1]], np.float32)
    columns, model = columns_of(linear(X, np.array([1.0, 2.0])), SCHEMA)
    assert type(model).__name__ == "Ridge"
    assert columns == [Column(0, None, 40.0, 10.0), Column(1, "red"), Column(1, "green")]


def test_a_pipeline_from_elsewhere_is_not_guessed_at() -> None:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    pipeline = make_pipeline(PolynomialFeatures(), Ridge())
    with pytest.raises(NotExpressible, match="polynomialfeatures"):
        columns_of(pipeline, SCHEMA)
    assert Fitted(pipeline, About(SCHEMA, "regression", "y", ("y",))).about.outputs == ("y",)
