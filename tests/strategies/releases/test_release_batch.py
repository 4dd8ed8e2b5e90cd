"""Releases in a batch: real workers, a share of the rows or all of them, and an output that waits for the verdict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from data.errors import Cancelled, InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.releases.batched.release import BatchRelease, release_batch
from strategies.releases.batched.report import disagreement
from strategies.releases.batched.staging import rows_file
from strategies.releases.choices import make_policy
from strategies.releases.faults._choosing import make_fault
from strategies.releases.faults.contract import segment_limit
from strategies.releases.live.harm import labels_of

N = 3_000
SHADOW: dict[str, Any] = {
    "policy": "shadow", "settings": {"interval_s": 1, "least_s": 4}, "judge": "always_valid",
    "judge_settings": {"harm": 0.1, "required": ["errors", "disagreement"]},
}  # fmt: skip
CANARY: dict[str, Any] = {
    "policy": "canary", "settings": {"interval_s": 1, "step": 0.25, "deadline_s": 100}, "judge": "always_valid",
    "judge_settings": {"harm": 0.1, "required": ["errors", "quality"]},
}  # fmt: skip
Release = Callable[..., BatchRelease]


@pytest.fixture(scope="module")
def picks(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.random.default_rng(3).integers(0, len(rows), N)


@pytest.fixture
def release(
    home: Path,  # noqa: ARG001 - sets the state folder
    tmp_path: Path,
    tumour_forest: ModelPackage,
    rows: NDArray[np.float32],
    picks: NDArray[np.int64],
) -> Release:
    source = rows_file(rows, tumour_forest.manifest.schema, picks, tmp_path / "in.parquet")

    def make(choice: dict[str, Any], fault: str = "none", **settings: float) -> BatchRelease:
        more = settings.pop("truth", None)
        return release_batch(
            source, tumour_forest, make_policy(choice), tmp_path / "out.parquet", fault=make_fault(fault, settings),
            slices=12, truth=more,  # type: ignore[arg-type]
        )  # fmt: skip

    return make


@pytest.fixture
def right(tumour_forest: ModelPackage, rows: NDArray[np.float32], picks: NDArray[np.int64]) -> list[str]:
    outputs = load_predictor(tumour_forest).predict(rows)[picks]
    return [str(label) for label in labels_of(outputs, tumour_forest.manifest)]


def output(done: BatchRelease) -> pa.Table:
    return pq.read_table(done.output)


def test_a_shadow_publishes_the_old_answers_and_reports_where_the_new_ones_differ(
    release: Release, rows: NDArray[np.float32], picks: NDArray[np.int64], right: list[str]
) -> None:
    limit = segment_limit(rows, 0, 0.35)
    done = release(SHADOW, "wrong", above=limit)
    assert done.outcome.verdict == "roll back", done.log[-1]["reason"]
    assert (done.outcome.served_new, done.outcome.wrong, done.taken_back) == (0, 0, 0)
    table = output(done)
    assert table["prediction"].to_pylist() == right
    assert table["row"].to_pylist() == list(range(1, N + 1))
    report = done.report
    assert report is not None
    hit = float((rows[picks[: report.compared], 0] > limit).mean())
    assert report.disagreed.value == pytest.approx(hit, abs=1e-9)
    assert report.segments[0].share > 0.9
    assert {old for old, _, _ in report.moves} <= set(right)
    assert json.loads(done.output.with_name("out.parquet.disagreement.json").read_text())["compared"] == report.compared


def test_a_shadow_of_the_same_model_finds_nothing(release: Release) -> None:
    done = release(SHADOW)
    assert done.outcome.verdict == "promote", done.log[-1]["reason"]
    assert done.report is not None
    assert (done.report.disagreed.value, done.report.segments, done.report.moves) == (0.0, (), ())
    assert done.outcome.served_new == 0


def test_a_good_version_gets_more_and_more_rows(
    release: Release, tumour_forest: ModelPackage, right: list[str]
) -> None:
    choice = {**CANARY, "judge_settings": {"harm": 0.1, "required": ["errors"]}}
    done = release(choice)
    assert done.outcome.verdict == "promote", done.log[-1]["reason"]
    shares = [entry["canary"] for entry in done.log]
    assert shares == sorted(shares)
    table = output(done)
    assert table["prediction"].to_pylist() == right
    by_new = table["model_version"].to_pandas() == done.fault["version"]
    assert set(table["model_version"].to_pylist()) == {tumour_forest.version, done.fault["version"]}
    assert done.outcome.served_new == int(by_new.sum())
    assert by_new[len(by_new) // 2 :].mean() > by_new[: len(by_new) // 4].mean()


@pytest.mark.parametrize("fault", ["errors", "crashes", "wrong", "leaks"])
def test_a_bad_version_is_rolled_back_and_nothing_of_it_is_published(
    release: Release, rows: NDArray[np.float32], picks: NDArray[np.int64], truth: list[str | float], right: list[str],
    tumour_forest: ModelPackage, fault: str,
) -> None:  # fmt: skip
    settings: dict[str, dict[str, Any]] = {
        "errors": {"above": segment_limit(rows, 0, 0.35)}, "wrong": {"above": segment_limit(rows, 0, 0.5)},
        "crashes": {"after": 40}, "leaks": {"bytes_per_request": 2_000_000, "limit_bytes": 60_000_000},
    }  # fmt: skip
    done = release(CANARY, fault, truth=[truth[i] for i in picks], **settings[fault])
    assert done.outcome.verdict == "roll back", done.log[-1]["reason"]
    table = output(done)
    assert table["prediction"].to_pylist() == right
    assert set(table["model_version"].to_pylist()) == {tumour_forest.version}
    assert done.outcome.bad == 0
    assert done.taken_back > 0 or fault != "wrong"  # a version that cannot answer a slice has none to take back


def test_a_cancelled_release_publishes_nothing(
    tmp_path: Path, tumour_forest: ModelPackage, rows: NDArray[np.float32], picks: NDArray[np.int64]
) -> None:
    source = rows_file(rows, tumour_forest.manifest.schema, picks, tmp_path / "in.parquet")
    with pytest.raises(Cancelled):
        release_batch(source, tumour_forest, make_policy(SHADOW), tmp_path / "out.parquet", cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_latency_alone_is_no_signal_of_a_batch(tmp_path: Path, tumour_forest: ModelPackage) -> None:
    policy = make_policy({"policy": "canary", "judge": "thresholds", "judge_settings": {"signals": ["latency"]}})
    with pytest.raises(InvalidValue, match="signals"):
        release_batch(tmp_path / "none.parquet", tumour_forest, policy, tmp_path / "out.parquet")


def test_the_report_of_values_tells_the_largest_difference(flights_linear: ModelPackage) -> None:
    old, new = np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 3.0])
    schema = flights_linear.manifest.schema
    x = np.zeros((3, len(schema)), np.float32)
    report = disagreement(np.array([1, 2, 3]), old, new, old != new, x, schema)
    assert (report.largest, report.moves, report.examples) == (3.0, (), ((2, "2.0", "5.0"),))
    assert report.disagreed.n == 3
