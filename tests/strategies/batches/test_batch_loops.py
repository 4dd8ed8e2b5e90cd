"""The predict loop: chosen by measuring, remembered, and never one that answers otherwise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import InvalidValue
from strategies.batches import trial
from strategies.batches.loops import Loop, load_runtime, predict_all, runtimes_of
from strategies.batches.run import run
from strategies.batches.trial import remembered, try_out
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor
from tests.strategies.batches.conftest import MakeJob


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(2).normal(10, 5, (3_000, 30)).astype(np.float32)


class Delayed(Predictor):
    """A predictor that takes its time, on a clock of our own."""

    def __init__(self, inner: Predictor, clock: "Clock", per_call_s: float, offset: float = 0.0) -> None:
        self._inner, self._clock, self._per_call_s, self._offset = inner, clock, per_call_s, offset

    def predict(self, x: np.ndarray) -> np.ndarray:
        self._clock.now_s += self._per_call_s
        return self._inner.predict(x) + np.float32(self._offset)


class Clock:
    now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(trial, "time", made)
    return made


def set_speeds(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, seconds: dict[str, float], offsets: dict[str, float] | None = None
) -> None:
    def load(package: ModelPackage, runtime: str, threads: int) -> Predictor:
        inner = load_runtime(package, runtime, threads)  # type: ignore[arg-type]
        return Delayed(inner, clock, seconds[runtime] / threads, (offsets or {}).get(runtime, 0.0))

    monkeypatch.setattr(trial, "load_runtime", load)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [({"onnx": 1.0, "sklearn": 0.5}, "sklearn"), ({"onnx": 1.0, "sklearn": 3.0}, "onnx"),
     ({"onnx": 1.0, "sklearn": 0.95}, "onnx")],
)  # fmt: skip
def test_the_clearly_faster_one_is_chosen_and_remembered(
    home: Path, tumour_forest: ModelPackage, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch, clock: Clock,
    seconds: dict[str, float], chosen: str,
) -> None:  # fmt: skip
    set_speeds(monkeypatch, clock, seconds)
    assert remembered(tumour_forest) is None
    found = try_out(tumour_forest, rows)
    assert found.runtime == chosen
    assert found.slice_rows == 2_048  # a call takes as long whatever its size, and none is larger than the rows
    assert all(f"{runtime} " in found.why for runtime in seconds)
    assert remembered(tumour_forest) == found
    set_speeds(monkeypatch, clock, {name: 1 / s for name, s in seconds.items()})
    assert try_out(tumour_forest, rows) == found  # what was remembered stands
    assert list(home.rglob("*.json"))


@pytest.mark.usefixtures("home")
def test_one_that_answers_otherwise_is_not_chosen_however_fast(
    tumour_forest: ModelPackage, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    set_speeds(monkeypatch, clock, {"onnx": 1.0, "sklearn": 0.01}, {"sklearn": 0.01})
    found = try_out(tumour_forest, rows)
    assert found.runtime == "onnx"
    assert "no other form that answers alike" in found.why


@pytest.mark.usefixtures("home")
def test_one_whose_file_cannot_be_loaded_is_not_chosen(
    tumour_forest: ModelPackage, rows: np.ndarray, tmp_path: Path
) -> None:
    for file in tumour_forest.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.skops").write_bytes(b"no such thing")
    broken = ModelPackage(tmp_path, tumour_forest.manifest)
    with pytest.raises(Exception, match="zip"):
        load_runtime(broken, "sklearn", 1)
    assert try_out(broken, rows).runtime == "onnx"


def test_files_that_the_manifest_does_not_list_do_not_count(tumour_forest: ModelPackage) -> None:
    listed = {name: digest for name, digest in tumour_forest.manifest.files.items() if name == "model.onnx"}
    package = ModelPackage(tumour_forest.folder, replace(tumour_forest.manifest, files=listed))
    assert runtimes_of(tumour_forest) == ("onnx", "sklearn")
    assert runtimes_of(package) == ("onnx",)
    with pytest.raises(InvalidValue, match="no file in this package"):
        load_runtime(package, "sklearn", 1)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("speed_up", "offset", "expected"), [(2.0, 0.0, 2), (1.0, 0.0, 1), (2.0, 1e-7, 1)], ids=["help", "idle", "differ"]
)
def test_threads_are_taken_only_where_they_help_and_change_no_bit(
    tumour_forest: ModelPackage, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch, clock: Clock, speed_up: float,
    offset: float, expected: int,
) -> None:  # fmt: skip
    def load(package: ModelPackage, runtime: str, threads: int) -> Predictor:
        inner, more = load_runtime(package, runtime, 1), threads - 1  # type: ignore[arg-type]
        slow = 1.0 if runtime == "onnx" else 9.0
        return Delayed(inner, clock, slow / speed_up**more, offset * more)

    monkeypatch.setattr(trial, "load_runtime", load)
    assert try_out(tumour_forest, rows, threads=2).threads == expected
    assert try_out(tumour_forest, rows, threads=1).threads == 1  # whatever another number of workers took


@pytest.mark.parametrize("runtime", ["onnx", "sklearn"])
def test_slices_make_no_difference_to_what_is_answered(
    tumour_forest: ModelPackage, rows: np.ndarray, runtime: str
) -> None:
    predictor = load_runtime(tumour_forest, runtime, 1)  # type: ignore[arg-type]
    whole = predictor.predict(rows)
    assert predict_all(predictor, rows, 1_000).shape == whole.shape
    np.testing.assert_allclose(predict_all(predictor, rows, 1_000), whole, atol=1e-6)


def test_the_manifest_says_which_loop_and_why(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    small = run(make_job())
    assert small.about.loop.startswith("onnx")
    assert "fewer than" in small.loop_why
    asked = run(make_job(loop="sklearn", computed_at=None))
    assert asked.about.loop.startswith("sklearn")
    assert asked.loop_why == "asked for"
    monkeypatch.setattr("strategies.batches.run.WORTHWHILE_ROWS", 100)
    tried = run(make_job(computed_at=None))
    assert "tried on 1,000 rows: onnx" in tried.loop_why
    assert "sklearn" in tried.loop_why


def test_both_loops_agree_within_parity(make_job: MakeJob, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    answers = {}
    for loop in ("onnx", "sklearn"):
        job = make_job(loop=loop, output=tmp_path / f"{loop}.parquet")
        run(job)
        answers[loop] = pq.read_table(job.output)["prediction"].to_numpy()
    np.testing.assert_allclose(answers["onnx"], answers["sklearn"], rtol=1e-4, atol=1e-3)


def test_a_loop_travels_as_json() -> None:
    loop = Loop("sklearn", 2, 4_096, "why")
    assert Loop.from_dict(loop.to_dict()) == loop
    assert "4,096" in str(loop)
