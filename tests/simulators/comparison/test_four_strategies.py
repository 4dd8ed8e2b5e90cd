"""One scenario, four strategies, the same requests: one table, and the same answer to every row."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data.scenario import Scenario
from simulators.comparison.compare import compare
from simulators.comparison.comparison import Comparison
from simulators.comparison.rows import rows, table
from strategies.measuring.rows import request_rows
from strategies.packaging.runtime import headline, load_predictor
from strategies.packaging.shelf import find_package
from tests.shelving import shelve

FILE = Path(__file__).parents[3] / "docs" / "scenarios" / "four_strategies.toml"
NAMES = ("embedded", "api", "streaming", "batch")


@pytest.fixture(scope="module")
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The shipped scenario with fewer requests and a smaller model."""
    return Scenario.load(FILE).evolve(
        data={"name": "tumour"},
        model={"algorithm": "logistic"},
        workload={"rate_rps": 40.0, "duration_s": 2.5},
        measurement={"repetitions": 1, "warm_up_s": 0.3},
    )


@pytest.fixture(scope="module")
def measured(scenario: Scenario, state_folder: Path) -> Comparison:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(state_folder))
        patch.delenv("NATS_URL", raising=False)
        shelve(scenario, state_folder)
        return compare(scenario)


def test_all_meet_the_same_requests_and_answer_all_of_them(measured: Comparison) -> None:
    traces = [result.traces[0].counted() for result in measured.results]
    assert [result.candidate.strategy for result in measured.results] == list(NAMES)
    first = traces[0]
    assert len(first) > 50
    for trace in traces:
        assert trace.ok.all()
        assert np.array_equal(trace.row, first.row)
        due = [t.scheduled_s - t.provenance.warm_up_s for t in (trace, first)]
        assert_allclose(due[0], due[1], atol=1e-9)
        assert trace.versions == first.versions


def test_answers_are_equal_across_strategies_request_by_request(
    measured: Comparison, scenario: Scenario, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRYDOCK_HOME", str(state_folder))
    package = find_package(measured.models[0])
    expected = headline(load_predictor(package).predict(request_rows(scenario, package)), package.manifest.task)
    for result in measured.results:
        trace = result.traces[0].counted()
        assert_allclose(trace.answer, expected[trace.row], rtol=0, atol=1e-5, err_msg=result.candidate.name)
    assert len(np.unique(expected)) > 20  # rows that differ, so that a mix-up would show


def test_one_table_has_them_all(measured: Comparison) -> None:
    header = [line for line in table(measured, 400).splitlines() if all(name in line for name in NAMES)]
    assert header
    assert [row.candidate for row in rows(measured)] == list(NAMES)
    batch = next(row for row in rows(measured) if row.candidate == "batch")
    assert batch.verdict == "missed"  # its requests wait for a job by design
