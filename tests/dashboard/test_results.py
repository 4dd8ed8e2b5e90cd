"""The results of a real comparison, measured once for all tests here."""

import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.comparing.downloads import _zipped, figures_json, traces_csv
from dashboard.comparing.loading import figures, runs_of, traces_of
from data.scenario import Scenario
from data.store import RunStore
from data.trace import Trace
from simulators.comparison.compare import compare
from simulators.comparison.comparison import Comparison
from simulators.comparison.rows import rows
from simulators.comparison.saved import load_comparison
from tests.shelving import shelve


@pytest.fixture(scope="module")
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def measured(state_folder: Path) -> str:
    """The group of a comparison that everybody on this machine sees."""
    quick = Scenario.default().evolve(
        data={"name": "tumour"},
        model={"algorithm": "logistic"},
        workload={"rate_rps": 60.0, "duration_s": 1.5},
        measurement={"warm_up_s": 0.3, "repetitions": 2},
        candidates=[{"name": "embedded", "strategy": "embedded"}, {"name": "twin", "strategy": "embedded"}],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(state_folder))
        shelve(quick, state_folder)
        return compare(quick).group


@pytest.fixture
def comparison(measured: str, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    monkeypatch.setenv("DRYDOCK_HOME", str(state_folder))
    return load_comparison(RunStore(), measured)


def page(name: str, group: str) -> AppTest:
    def show(name):
        from dashboard.views.contract import View
        from data.discovery import kinds

        kinds("dashboard.views", View)[name]().show()

    test = AppTest.from_function(show, args=(name,), default_timeout=60)
    test.query_params["run"] = group
    return test.run()


def test_the_table_is_the_commands_table(comparison: Comparison) -> None:
    table = figures(comparison)
    for row in rows(comparison):
        assert table.loc["SLO", row.candidate] == row.verdict
        assert table.loc["source", row.candidate] == "measured"
        for line, text in row.cells.items():
            assert table.loc[line, row.candidate] == text


def test_downloads_hold_what_was_measured(comparison: Comparison) -> None:
    files = {f"{run.candidate}-{run.repetition + 1}.parquet": run.trace_file for run in runs_of(comparison)}
    archive = zipfile.ZipFile(io.BytesIO(_zipped(files)))
    assert sorted(archive.namelist()) == [
        "embedded-1.parquet",
        "embedded-2.parquet",
        "twin-1.parquet",
        "twin-2.parquet",
    ]
    stored = traces_of(comparison)["twin"][1]
    table = pd.read_parquet(io.BytesIO(archive.read("twin-2.parquet")))
    assert (table["end_s"].to_numpy() == stored.end_s).all()

    lines = pd.read_csv(io.StringIO(traces_csv(comparison)))
    assert len(lines) == sum(len(trace) for traces in traces_of(comparison).values() for trace in traces)
    mine = lines[(lines["candidate"] == "twin") & (lines["repetition"] == 2)]
    assert mine["end_s"].to_numpy() == pytest.approx(stored.end_s)

    assert json.loads(figures_json(comparison)) == comparison.to_dict()


def test_a_downloaded_trace_opens_as_one(comparison: Comparison, tmp_path: Path) -> None:
    run = runs_of(comparison)[0]
    (tmp_path / "t.parquet").write_bytes(zipfile.ZipFile(io.BytesIO(_zipped({"t": run.trace_file}))).read("t"))
    assert Trace.load(tmp_path / "t.parquet").equals(traces_of(comparison)[run.candidate][0])


def test_compare_shows_verdicts_figures_and_history(comparison: Comparison) -> None:
    shown = page("compare", comparison.group)
    assert not shown.exception
    table = next(t.value for t in shown.table if "throughput" in "".join(map(str, t.value.index)))
    assert list(table.columns) == ["embedded", "twin"]
    assert {"Show", "Delete", "Rename it"} <= {button.label for button in shown.button}
    assert any("The set-up has changed" in warning.value for warning in shown.warning), "the address says another one"


def test_the_set_up_of_results_comes_back(comparison: Comparison) -> None:
    shown = page("compare", comparison.group)
    next(b for b in shown.button if b.label == "Go back to the set-up of these results").click()
    shown.run()
    assert not shown.exception
    assert shown.query_params["data.name"] == "tumour"
    assert not any("The set-up has changed" in warning.value for warning in shown.warning)


def test_start_shows_the_results_in_short(comparison: Comparison) -> None:
    shown = page("start", comparison.group)
    assert not shown.exception
    assert any("SLO" in markdown.value for markdown in shown.markdown)


def test_deleting_takes_it_out_of_sight_and_undo_brings_it_back(comparison: Comparison) -> None:
    shown = page("compare", comparison.group)
    next(b for b in shown.button if b.label == "Delete").click()
    shown.run()
    assert any("results that are not yours or were deleted" in info.value for info in shown.info)
    next(b for b in shown.button if b.label == "Undo").click()
    shown.run()
    assert not shown.exception
    assert {run.deleted_at for run in runs_of(load_comparison(RunStore(), comparison.group))} == {""}
