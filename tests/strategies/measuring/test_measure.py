"""Measuring candidates for real, with their provenance, in this process and as a job."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import Cancelled, InvalidValue
from data.estimate import Estimate
from data.estimates import summarise
from data.scenario import Candidate, Measurement, Scenario
from data.store import RunStore
from data.trace import Status, Trace
from data.usage import Usage
from data.workloads.poisson import Poisson
from strategies.measuring import measure, measure_repeated, run_measurement
from strategies.measuring.measure import used_between
from strategies.measuring.repeated import repetition_seed
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

QUICK = Measurement(warm_up_s=0.25, repetitions=2, timeout_s=5.0)
EMBEDDED = Candidate(name="inside", strategy="embedded")
NULL = Candidate(name="nothing", strategy="null")
TRAFFIC = Poisson(rate_rps=200.0, duration_s=0.6)


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float32]:
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer().data[1::20].astype(np.float32)


def scenario(*candidates: Candidate) -> Scenario:
    return Scenario.default().evolve(
        candidates=candidates, workload=TRAFFIC.model_dump(), measurement=QUICK.model_dump()
    )


def once(package: ModelPackage, candidate: Candidate, rows: NDArray[np.float32], seed: int = 4) -> Trace:
    toml = scenario(candidate).to_toml()
    return measure(package, candidate, TRAFFIC, rows, seed=seed, measurement=QUICK, scenario_toml=toml)


def test_a_trace_of_the_embedded_model_holds_its_answers_and_where_it_comes_from(
    tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    trace = once(tumour_forest, EMBEDDED, rows)
    expected = load_predictor(tumour_forest).predict(rows)[:, -1]
    assert np.all(trace.ok)
    assert trace.answer == pytest.approx(expected[trace.row])
    assert trace.versions == (tumour_forest.version,)
    assert set(trace.version) == {0}
    provenance = trace.provenance
    assert (provenance.origin, provenance.candidate, provenance.seed) == ("measured", "inside", 4)
    assert provenance.warm_up_s == QUICK.warm_up_s
    assert Scenario.from_toml(provenance.scenario).candidate("inside") == EMBEDDED
    counted = trace.counted()
    assert 0 < len(counted) < len(trace)
    assert counted.scheduled_s.max() < QUICK.warm_up_s + TRAFFIC.duration_s


def test_usage_of_the_embedded_model_is_its_own_and_not_the_generators(
    tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    usage = once(tumour_forest, EMBEDDED, rows).usage
    assert usage.cpu_s is not None
    assert usage.peak_bytes is not None
    assert 0 < usage.cpu_s < 0.5 * TRAFFIC.duration_s
    assert 2**20 < usage.peak_bytes < 2**30
    assert usage.sent_bytes == 0


def test_the_null_strategy_costs_nothing_and_answers_at_once(
    tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    trace = once(tumour_forest, NULL, rows)
    assert np.all(trace.ok)
    assert np.isnan(trace.answer).all()
    assert trace.usage.cpu_s == 0
    assert np.median(trace.latency_s) < 0.005


def test_the_same_seed_sends_the_same_requests_to_every_candidate(
    tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    one, other, third = (once(tumour_forest, c, rows, s) for c, s in ((NULL, 4), (EMBEDDED, 4), (NULL, 5)))
    assert np.array_equal(one.scheduled_s, other.scheduled_s)
    assert np.array_equal(one.row, other.row)
    assert not np.array_equal(one.scheduled_s, third.scheduled_s)


def test_repetitions_take_turns_and_meet_the_same_traffic(
    tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    order: list[tuple[str, int, int]] = []
    shares: list[float] = []
    other = NULL.model_copy(update={"name": "other"})
    found = measure_repeated(
        tumour_forest, [NULL, other], TRAFFIC, rows, seed=8, measurement=QUICK, scenario_toml="",
        before_run=lambda c, repetition, seed: order.append((c.name, repetition, seed)),
        progress=lambda _stage, share: shares.append(share),
    )  # fmt: skip
    assert order == [("nothing", 0, 8), ("other", 0, 8), ("other", 1, 9), ("nothing", 1, 9)]
    assert [trace.provenance.seed for trace in found["nothing"]] == [8, 9]
    assert np.array_equal(found["nothing"][1].scheduled_s, found["other"][1].scheduled_s)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_first_repetition_has_the_scenarios_own_seed() -> None:
    assert repetition_seed(5, 0) == 5
    assert repetition_seed(2**63 - 1, 1) == 0


def test_two_repetitions_give_every_figure_an_interval(tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> None:
    traces = measure_repeated(
        tumour_forest, [EMBEDDED], TRAFFIC, rows, seed=1, measurement=QUICK, scenario_toml=""
    )["inside"]  # fmt: skip
    found = summarise(traces, scenario(EMBEDDED).slo)
    for figure in (found.p50_ms, found.p95_ms, found.mean_ms, found.throughput_rps, found.cpu_s_per_1000):
        assert isinstance(figure, Estimate)
        assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [("host", "container", "choose"), ("strategy", "apu", "no strategy is named 'apu'"),
     ("release", "canary", "release basic"), ("settings", {"speed": 1}, "not a setting")],
)  # fmt: skip
def test_what_cannot_be_combined_is_refused_with_the_remedy(
    field: str, value: object, complaint: str, tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    with pytest.raises(Exception, match=complaint):
        once(tumour_forest, EMBEDDED.model_copy(update={field: value}), rows)


def test_cancelling_is_passed_on(tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> None:
    with pytest.raises(Cancelled):
        measure(
            tumour_forest, NULL, Poisson(rate_rps=10.0, duration_s=60.0), rows, seed=1, measurement=QUICK,
            scenario_toml="", cancelled=lambda: True,
        )  # fmt: skip


def test_a_failed_run_says_why(tumour_forest: ModelPackage, rows: NDArray[np.float32]) -> None:
    trace = once(tumour_forest, EMBEDDED, rows[:, :7])  # the model reads thirty features
    assert set(trace.status) == {Status.ERROR}
    assert "No request was answered." in trace.provenance.problems
    assert not trace.provenance.valid
    assert any("requests failed" in note for note in trace.provenance.notes)


def test_usage_between_two_readings() -> None:
    before = Usage(cpu_s=1.0, peak_bytes=500, sent_bytes=10, instance_s=2.0)
    after = Usage(cpu_s=1.5, peak_bytes=700, sent_bytes=40, instance_s=5.0)
    assert used_between(before, after) == Usage(cpu_s=0.5, peak_bytes=700, sent_bytes=30, instance_s=3.0)
    assert used_between(Usage(), Usage()) == Usage()


def _payload(
    tumour_forest: ModelPackage, rows: NDArray[np.float32], folder: Path, *candidates: Candidate
) -> dict[str, object]:
    np.save(folder / "rows.npy", rows)
    return {
        "scenario": scenario(*candidates).to_toml(),
        "package": str(tumour_forest.folder),
        "rows": str(folder / "rows.npy"),
        "session": "ada",
    }


def test_a_job_keeps_every_run_with_its_trace(
    home: Path, tmp_path: Path, tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    result = run_measurement(_payload(tumour_forest, rows, tmp_path, EMBEDDED, NULL))
    assert json.loads(json.dumps(result)) == result
    store = RunStore("ada")
    assert result["runs"].keys() == {"inside", "nothing"}
    for name, ids in result["runs"].items():
        runs = [store.get(run_id) for run_id in ids]
        assert [run.repetition for run in runs] == [0, 1]
        assert {run.group for run in runs} == {result["group"]}
        traces = [store.trace(run.id) for run in runs]
        assert summarise(traces, scenario(EMBEDDED).slo).to_dict() == result["summaries"][name]
    assert len(list((home / "traces").glob("*.parquet"))) == 4


def test_a_job_measures_the_candidates_asked_for(
    home: Path, tmp_path: Path, tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    payload = _payload(tumour_forest, rows, tmp_path, EMBEDDED, NULL)
    result = run_measurement(payload | {"candidates": ["nothing"], "group": "friday"})
    assert list(result["runs"]) == ["nothing"]
    assert result["group"] == "friday"
    assert home.is_dir()


def test_a_candidate_that_cannot_be_measured_does_not_stop_the_others(
    home: Path, tmp_path: Path, tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    odd = NULL.model_copy(update={"name": "odd", "settings": {"speed": 1}})
    result = run_measurement(_payload(tumour_forest, rows, tmp_path, odd, NULL))
    assert list(result["runs"]) == list(result["summaries"]) == ["nothing"]
    assert "not a setting" in result["problems"]["odd"][0]
    # On a busy machine a run may be invalid; it ended with a trace all the same.
    ended = sorted((run.candidate, run.status == "failed") for run in RunStore("ada").find())
    assert ended == [("nothing", False), ("nothing", False), ("odd", True)]
    assert len(list(home.glob("traces/*.parquet"))) == 2


def test_a_job_that_is_cancelled_or_fails_says_so_in_the_store(
    home: Path, tmp_path: Path, tumour_forest: ModelPackage, rows: NDArray[np.float32]
) -> None:
    payload = _payload(tumour_forest, rows, tmp_path, NULL)
    with pytest.raises(Cancelled):
        run_measurement(payload, cancelled=lambda: True)
    odd = NULL.model_copy(update={"settings": {"speed": 1}})
    with pytest.raises(InvalidValue):
        run_measurement(_payload(tumour_forest, rows, tmp_path, odd))
    statuses = {run.status: run.problems for run in RunStore("ada").find()}
    assert statuses.keys() == {"cancelled", "failed"}
    assert "not a setting" in statuses["failed"][0]
    assert not list(home.glob("traces/*.parquet"))
