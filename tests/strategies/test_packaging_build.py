"""A package answers as the pipeline it was made from, says what it is, and appears whole."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline, load_predictor, open_session

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fixture", ["tumour_forest", "digits_network", "flights_linear"])
def test_the_served_file_has_one_input_and_one_output(fixture: str, request: pytest.FixtureRequest) -> None:
    package: ModelPackage = request.getfixturevalue(fixture)
    session = open_session(package.served_file)
    (given,), (answer,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1]) == ("features", "tensor(float)", len(package.manifest.schema))
    assert (answer.type, answer.shape[1]) == ("tensor(float)", len(package.manifest.outputs))
    x = np.zeros((3, len(package.manifest.schema)), np.float32)
    outputs = load_predictor(package).predict(x)
    assert outputs.shape == (3, len(package.manifest.outputs))
    assert outputs.dtype == np.float32
    assert package.manifest.parity is not None
    assert package.manifest.parity.rows > 100
    assert ModelPackage.open(package.folder) == package


def test_headline_takes_the_positive_class_the_likeliest_class_or_the_value() -> None:
    outputs = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    assert headline(outputs, "binary").tolist() == [0.75, 0.5]
    assert headline(np.array([[0.2, 0.5, 0.3]], np.float32), "multiclass").tolist() == [1.0]
    assert headline(np.array([[-3.5]], np.float32), "regression").tolist() == [-3.5]
    assert headline(outputs, "binary").dtype == np.float64


def test_the_runtime_loads_no_training_library(tumour_forest: ModelPackage) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from strategies.packaging.runtime import load_predictor\n"
        "from strategies.packaging.package import ModelPackage\n"
        f"load_predictor(ModelPackage.open(Path({str(tumour_forest.folder)!r})))\n"
        "heavy = {'sklearn', 'mlflow', 'onnx', 'skl2onnx', 'skops'} & set(sys.modules)\n"
        "sys.exit(f'imported to serve: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_changed_file_is_noticed(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(tumour_forest.folder, tmp_path / "copy"))
    (copy / "model.onnx").write_bytes((copy / "model.onnx").read_bytes() + b"\0")
    with pytest.raises(InvalidValue, match=r"model\.onnx .* is not the file packaged"):
        ModelPackage.open(copy)
