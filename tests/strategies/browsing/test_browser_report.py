"""What a browser sends becomes a trace, or is refused with the reason: it is somebody else's program."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidValue
from data.store import RunFilter, RunStore
from strategies.browsing.keeping import keep_report
from strategies.browsing.report import MOST, TOLERANCE, farthest, read_report, scenario_of, trace_of
from strategies.browsing.rows import BrowserRows, browser_rows
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.runtime import headline


@pytest.fixture(scope="module")
def rows(digits_network: ModelPackage) -> BrowserRows:
    return browser_rows(digits_network)


def sent(package: ModelPackage, given_rows: BrowserRows, n: int = 300, **changes: Any) -> dict[str, Any]:
    """What an honest browser sends."""
    picks = np.arange(n) % len(given_rows.rows)
    start_ms = 1_000.0 + np.cumsum(np.full(n, 0.25))
    return {
        "version": package.version, "rows": picks.tolist(), "start_ms": start_ms.tolist(),
        "end_ms": (start_ms + 0.2).tolist(), "outputs": given_rows.answers[picks].astype(float).ravel().tolist(),
        "warm_up": 50, "clock_ms": 0.005, "load_ms": 210.0, "isolated": True, "hidden": False, "browser": "Test/1",
        "cores": 2,
    } | changes  # fmt: skip


def test_an_honest_report_is_kept_as_a_run(digits_network: ModelPackage, rows: BrowserRows, home: object) -> None:  # noqa: ARG001
    store = RunStore("visitor")
    run, summary = keep_report(sent(digits_network, rows), digits_network, rows, store)
    assert run.status == "done"
    assert run.origin == "measured"
    assert summary.p50_ms.value == pytest.approx(0.2)  # type: ignore[union-attr]
    trace = store.trace(run.id)
    assert len(trace) == 300
    assert trace.scheduled_s[0] == 0
    assert np.allclose(trace.latency_s, 0.2e-3)
    assert np.array_equal(trace.answer, headline(rows.answers, "multiclass")[trace.row])
    assert trace.usage.cpu_s is None, "a page cannot know it"
    assert trace.provenance.software["browser"] == "Test/1"
    assert any("steps of 5.00 µs" in note for note in trace.provenance.notes)
    assert RunStore("another").find(RunFilter()) == []


def test_answers_that_are_not_the_servers_make_the_run_invalid(
    digits_network: ModelPackage,
    rows: BrowserRows,
    home: object,  # noqa: ARG001
) -> None:
    raw = sent(digits_network, rows)
    raw["outputs"][7] += 2 * TOLERANCE
    run, _ = keep_report(raw, digits_network, rows, RunStore())
    assert run.status == "invalid"
    assert "differ from the server's by up to 2e-05" in run.problems[0]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": "feedbeef0000"}, "version"),
        ({"rows": [0] * 299}, "length of"),
        ({"rows": [10_000] * 300}, "rows"),
        ({"rows": [-1] * 300}, "rows"),
        ({"rows": []}, "rows"),
        ({"start_ms": [float("nan")] * 300}, "start_ms"),
        ({"start_ms": [5_000.0] * 300}, "start_ms"),
        ({"end_ms": [float("inf")] * 300}, "end_ms"),
        ({"outputs": [0.1] * 2_999}, "outputs"),
        ({"outputs": ["<script>"] * 3_000}, "outputs"),
        ({"clock_ms": -1.0}, "clock_ms"),
        ({"browser": "x" * 10_000}, "browser"),
        ({"surprise": 1}, "surprise"),
        ({"cores": None}, "cores"),
    ],
)
def test_a_report_that_makes_no_sense_is_refused(
    digits_network: ModelPackage,
    rows: BrowserRows,
    home: object,  # noqa: ARG001
    changes: dict[str, Any],
    named: str,
) -> None:
    with pytest.raises(InvalidValue) as refused:
        keep_report(sent(digits_network, rows, **changes), digits_network, rows, RunStore())
    assert named in refused.value.name
    assert RunStore().find(RunFilter()) == []


def test_a_report_cannot_be_endless(digits_network: ModelPackage, rows: BrowserRows) -> None:
    with pytest.raises(InvalidValue, match="rows"):
        read_report(sent(digits_network, rows, rows=[0] * (MOST + 1)))


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.floats(0, 1e3, allow_subnormal=False), st.floats(0, 1e3, allow_subnormal=False)),
        min_size=1,
        max_size=30,
    )
)
def test_whatever_ascends_becomes_a_trace(
    digits_network: ModelPackage, rows: BrowserRows, steps: list[tuple[float, float]]
) -> None:
    moments = np.cumsum(np.array(steps).ravel()).reshape(-1, 2)
    raw = sent(digits_network, rows, len(steps), start_ms=moments[:, 0].tolist(), end_ms=moments[:, 1].tolist())
    report = read_report(raw)
    trace = trace_of(digits_network, report, rows, scenario_of(digits_network, report, rows))
    assert len(trace) == len(steps)
    assert (trace.latency_s >= 0).all()
    assert np.allclose(trace.latency_s * 1e3, moments[:, 1] - moments[:, 0], atol=1e-9)


def test_differences_of_values_are_relative_above_one() -> None:
    expected = np.array([[100.0], [0.5]], np.float32)
    assert farthest(np.array([[100.001], [0.5]]), expected) == pytest.approx(1e-5)
    assert farthest(np.array([[100.0], [0.50001]]), expected) == pytest.approx(1e-5)


def test_a_package_of_another_format_does_not_run_there(digits_network: ModelPackage) -> None:
    other = Manifest.from_dict(digits_network.manifest.to_dict() | {"format": "skops"})
    with pytest.raises(InvalidValue, match="does not run in a browser"):
        browser_rows(ModelPackage(digits_network.folder, other))


def test_a_package_without_a_report_offers_its_example(digits_network: ModelPackage, tmp_path: Any) -> None:
    (tmp_path / "model.onnx").write_bytes(digits_network.served_file.read_bytes())
    found = browser_rows(ModelPackage(tmp_path, digits_network.manifest))
    assert found.rows.shape == (1, 64)
    assert found.dataset == ""
    assert found.answers.sum() == pytest.approx(1.0, abs=1e-5)
