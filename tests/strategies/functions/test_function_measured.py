"""A measured run on functions: cold starts, refusals and the bill arrive in the trace."""

import numpy as np
import pytest

from data.errors import InvalidValue
from data.scenario import Candidate, Measurement, Scenario
from data.trace import Status, Trace
from data.workloads.constant import Constant
from strategies.measuring import measure
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

QUICK = Measurement(warm_up_s=0.0, repetitions=1, timeout_s=10.0)


def measured(package: ModelPackage, rows: np.ndarray, rate_rps: float, duration_s: float, **settings: float) -> Trace:
    candidate = Candidate(name="functions", strategy="api", host="function", settings=settings)
    traffic = Constant(rate_rps=rate_rps, duration_s=duration_s)
    toml = Scenario.default().to_toml()
    return measure(package, candidate, traffic, rows, seed=3, measurement=QUICK, scenario_toml=toml)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    from sklearn.datasets import load_breast_cancer

    found: np.ndarray = load_breast_cancer().data[1::20].astype(np.float32)
    return found


def test_idle_longer_than_it_is_kept_every_request_is_cold(tumour_forest: ModelPackage, rows: np.ndarray) -> None:
    trace = measured(tumour_forest, rows, 0.25, 8.0, idle_s=0.05)
    assert len(trace) >= 2
    assert np.all(trace.status == Status.OK), trace.provenance.problems
    assert np.all(trace.cold)
    assert trace.answer == pytest.approx(load_predictor(tumour_forest).predict(rows)[:, -1][trace.row], abs=1e-6)
    usage = trace.usage
    assert usage.gb_s is not None
    assert usage.gb_s >= 0.5 * float(np.sum(trace.end_s - trace.sent_s)) * 0.5, "cold starts are billed"


def test_kept_warm_only_the_first_are_cold_and_a_burst_is_refused(
    tumour_forest: ModelPackage, rows: np.ndarray
) -> None:
    trace = measured(tumour_forest, rows, 20.0, 4.0, concurrency=1)
    cold, refused = int(np.sum(trace.cold)), int(np.sum(trace.status == Status.REJECTED))
    assert cold == 1
    assert refused > 0, "what came while the one instance started"
    assert np.all((trace.status == Status.OK) | (trace.status == Status.REJECTED))
    assert not np.any(trace.cold[-20:])


def test_a_setting_of_the_host_is_checked_by_it(tumour_forest: ModelPackage, rows: np.ndarray) -> None:
    with pytest.raises(InvalidValue, match="idle_s"):
        measured(tumour_forest, rows, 1.0, 1.0, idle_s=-1.0)
    with pytest.raises(InvalidValue, match="idle_time"):
        measured(tumour_forest, rows, 1.0, 1.0, idle_time=1.0)
