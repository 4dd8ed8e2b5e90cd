"""Models on a small device: int8 where operators allow, limits that hold, figures that are traces like any other."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from data.errors import Cancelled, InvalidValue
from data.store import RunFilter, RunStore
from simulators.comparison.saved import load_comparison
from strategies.edge.compare import INT8, ORIGINAL, agreement, score
from strategies.edge.device import MIB, Device
from strategies.edge.job import run_edge
from strategies.edge.quantise import quantise, why_unchanged
from strategies.edge.rows import known_rows
from strategies.edge.trial import TooSmall, TrialFailed, run_trial
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import OnnxPredictor, load_predictor

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds memory and cores so")
ROOMY = Device(512 * MIB)


def test_matrix_products_become_int8(digits_network: ModelPackage, tmp_path: Path) -> None:
    made = quantise(digits_network, tmp_path / "int8.onnx")
    assert made.changed
    assert made.operators == {"MatMulInteger": 2}
    assert why_unchanged(made) == ""
    assert made.file.stat().st_size < 0.7 * digits_network.served_file.stat().st_size
    weights = {i.name: i for i in onnx.load(str(made.file)).graph.initializer if i.data_type == onnx.TensorProto.INT8}
    assert max(int(np.prod(w.dims)) for w in weights.values()) == 64 * 32
    known = known_rows(digits_network)
    answers = OnnxPredictor(made.file, 10).predict(known.rows)
    original = load_predictor(digits_network).predict(known.rows)
    assert not np.array_equal(answers, original), "one byte a weight must show somewhere"
    assert agreement(digits_network.manifest, answers, original, known) > 0.97


@pytest.mark.parametrize(("model", "operator"), [("tumour_forest", "TreeEnsemble"), ("flights_linear", "LinearReg")])
def test_models_without_an_int8_form_say_why(
    model: str, operator: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    package: ModelPackage = request.getfixturevalue(model)
    made = quantise(package, tmp_path / "int8.onnx")
    assert not made.changed
    assert operator in why_unchanged(made)


@linux
def test_the_device_answers_as_the_server_does(tumour_forest: ModelPackage) -> None:
    known = known_rows(tumour_forest)
    trial = run_trial(tumour_forest.served_file, "probabilities", known.rows, ROOMY, predictions=50)
    np.testing.assert_allclose(trial.answers, load_predictor(tumour_forest).predict(known.rows), atol=1e-6)
    said = trial.answers[:, 1] >= tumour_forest.manifest.threshold
    found = score(tumour_forest.manifest, trial.answers, known)
    assert found.value == pytest.approx(np.mean(said == known.truth))  # type: ignore[union-attr]
    assert len(trial.start_s) == 50
    assert trial.start_s[0] == 0
    assert (trial.end_s[:-1] <= trial.start_s[1:]).all()
    assert 10 * MIB < trial.peak_bytes < ROOMY.memory_bytes
    assert trial.load_s > 0


@linux
def test_a_device_that_is_too_small_is_reported_as_such(tumour_forest: ModelPackage) -> None:
    rows = known_rows(tumour_forest).rows
    for memory_mib in (64, 128):
        with pytest.raises(TooSmall, match=f"do not fit {memory_mib} MiB"):
            run_trial(tumour_forest.served_file, "probabilities", rows, Device(memory_mib * MIB), predictions=5)


@linux
def test_the_limits_hold_inside() -> None:
    code = (
        "import os; from strategies.edge.device import Device; Device(300 * 2**20).apply()\n"
        "assert len(os.sched_getaffinity(0)) == 1\n"
        "bytearray(100 * 2**20)\n"
        "try: bytearray(400 * 2**20)\n"
        "except MemoryError: print('refused')\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "refused", done.stderr


@linux
def test_what_is_no_model_fails_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model at all")
    with pytest.raises(TrialFailed, match=r"status 1[\s\S]*model\.onnx"):
        run_trial(tmp_path / "model.onnx", "probabilities", np.zeros((2, 3), np.float32), ROOMY, predictions=2)


@linux
def test_a_cancelled_trial_ends_at_once(tumour_forest: ModelPackage) -> None:
    with pytest.raises(Cancelled):
        run_trial(
            tumour_forest.served_file, "probabilities", np.zeros((1, 30), np.float32), ROOMY,
            predictions=50_000_000, cancelled=lambda: True,
        )  # fmt: skip


def test_an_uploaded_model_has_no_rows_whose_truth_is_known(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    folder = tmp_path / "uploaded"
    folder.mkdir()
    for name in ("manifest.json", "model.onnx"):
        (folder / name).write_bytes((tumour_forest.folder / name).read_bytes())
    with pytest.raises(InvalidValue, match="was not trained here"):
        known_rows(ModelPackage(folder, tumour_forest.manifest))


@linux
def test_the_job_keeps_runs_of_both_forms(digits_network: ModelPackage, home: Path) -> None:
    payload = {"folder": str(digits_network.folder), "memory_mib": 512, "predictions": 400, "repetitions": 2}
    result = run_edge(payload | {"session": "somebody"})
    assert [variant["name"] for variant in result["variants"]] == [ORIGINAL, INT8]
    assert result["unchanged"] == ""
    store = RunStore("somebody")
    runs = store.find(RunFilter(group=result["group"]))
    assert sorted((run.candidate, run.repetition) for run in runs) == [(n, r) for n in (INT8, ORIGINAL) for r in (0, 1)]
    assert {run.status for run in runs} == {"done"}
    traces = {run.candidate: store.trace(run.id) for run in runs}
    assert traces[ORIGINAL].versions == (digits_network.version,)
    assert all(len(trace) == 400 and trace.ok.all() for trace in traces.values())
    comparison = load_comparison(store, result["group"])
    assert [found.candidate.name for found in comparison.results] == [ORIGINAL, INT8]
    assert all(found.summary is not None and found.summary.n == 800 for found in comparison.results)
    assert home in (home / "traces").parents


@linux
def test_a_forest_is_measured_alone(tumour_forest: ModelPackage, home: Path) -> None:  # noqa: ARG001
    payload = {"folder": str(tumour_forest.folder), "memory_mib": 512, "predictions": 50, "repetitions": 1}
    result = run_edge(payload)
    assert [variant["name"] for variant in result["variants"]] == [ORIGINAL]
    assert "TreeEnsemble" in result["unchanged"]
