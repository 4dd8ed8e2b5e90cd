"""What ONNX cannot carry, or carries wrongly, is served by skops, and the package says why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.schema import Feature, Schema
from strategies.packaging import build
from strategies.packaging.build import build_package
from strategies.packaging.onnx_files import to_onnx
from strategies.packaging.package import ModelPackage
from strategies.packaging.parity import compare, shortfall
from strategies.packaging.runtime import OnnxPredictor, SkopsPredictor, load_predictor

SCHEMA = Schema((Feature("a"), Feature("b")))
rng = np.random.default_rng(0)
X: NDArray[np.float32] = rng.normal(size=(200, 2)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.intp)


def logistic(y: NDArray[Any] = Y) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(X, y)


def packaged(pipeline: Any, root: Path, **more: Any) -> ModelPackage:
    return build_package(pipeline, SCHEMA, "binary", "y", ("no", "yes"), root, X[100:], **more)


def test_what_does_not_convert_is_served_by_skops_and_says_why(tmp_path: Path) -> None:
    from sklearn.semi_supervised import LabelPropagation

    model = LabelPropagation().fit(X, Y)
    package = packaged(model, tmp_path)
    assert package.manifest.format == "skops"
    (note,) = package.manifest.notes
    assert note.startswith("Served by skops: it cannot be expressed in ONNX (")
    assert "LabelPropagation" in note
    assert sorted(file.name for file in package.folder.iterdir()) == ["manifest.json", "model.skops"]
    predictor = load_predictor(ModelPackage.open(package.folder))
    assert isinstance(predictor, SkopsPredictor)
    assert predictor.predict(X) == pytest.approx(model.predict_proba(X), abs=1e-6)
    assert predictor.predict(X).dtype == np.float32


def test_an_onnx_file_that_answers_otherwise_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = logistic((X[:, 0] > 0).astype(np.intp))
    monkeypatch.setattr(build, "to_onnx", lambda _, width, task: to_onnx(other, width, task))
    package = packaged(logistic(), tmp_path)
    assert package.manifest.format == "skops"
    assert "does not answer as scikit-learn does (its answers differ by up to" in package.manifest.notes[0]
    assert set(package.manifest.files) == {"model.skops"}
    assert package.manifest.parity is not None
    assert package.manifest.parity.max_abs_difference < 1e-6, "the parity shown is that of the file served"


def test_skops_can_be_chosen_and_onnx_lies_beside_it(tmp_path: Path) -> None:
    package = packaged(logistic(), tmp_path, format="skops")
    assert package.manifest.format == "skops"
    assert package.manifest.notes == ()
    assert set(package.manifest.files) == {"model.onnx", "model.skops"}
    beside = OnnxPredictor(package.folder / "model.onnx", 2)
    assert beside.predict(X) == pytest.approx(load_predictor(package).predict(X), abs=1e-6)


def test_packaging_the_same_again_keeps_the_files_and_renews_what_is_said(tmp_path: Path) -> None:
    first = packaged(logistic(), tmp_path, name="first", documents={"about.txt": "one"})
    second = packaged(logistic(), tmp_path, name="second", documents={"about.txt": "two"})
    assert first.folder == second.folder
    assert second.manifest.files == first.manifest.files
    assert ModelPackage.open(first.folder).manifest.name == "second"
    assert (first.folder / "about.txt").read_text() == "two"
    assert [entry.name for entry in tmp_path.iterdir()] == [first.version]


def test_nothing_is_left_when_packaging_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(build, "save_skops", broken)
    with pytest.raises(OSError, match="no space"):
        packaged(logistic(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: {"held_out_X": X[:, :1]}, r"held_out_X = 'shape \(200, 1\)' must have rows and 2 columns"),
        (lambda: {"held_out_X": X[:0]}, "must have rows"),
        (lambda: {"outputs": ("a", "b", "c")}, "must name the 2 columns"),
    ],
)
def test_rows_and_outputs_must_fit_the_model(tmp_path: Path, change: Callable[[], dict[str, Any]], says: str) -> None:
    fields: dict[str, Any] = {"outputs": ("no", "yes"), "held_out_X": X}
    with pytest.raises(InvalidValue, match=says):
        build_package(logistic(), SCHEMA, "binary", "y", folder_root=tmp_path, **(fields | change()))


def test_parity_counts_what_differs() -> None:
    reference = np.array([[0.9, 0.1], [0.4, 0.6], [0.51, 0.49], [0.2, 0.8]])
    answers = reference + np.array([[0, 0], [0, 0], [-0.02, 0.02], [0.001, -0.001]])
    parity = compare(reference, answers, "binary")
    assert parity.rows == 4
    assert parity.max_abs_difference == pytest.approx(0.02)
    assert parity.label_agreement == 0.75
    assert "differ by up to 0.02, and 0.0001 is allowed" in shortfall(parity, reference, "binary")


def test_answers_that_are_not_numbers_are_no_parity() -> None:
    reference = np.array([[1.0], [2.0]])
    assert shortfall(compare(reference, np.array([[1.0], [np.nan]]), "regression"), reference, "regression")
    assert not shortfall(compare(reference, reference + 1e-6, "regression"), reference, "regression")
