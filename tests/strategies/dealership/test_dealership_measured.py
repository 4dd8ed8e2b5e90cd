"""A scenario's candidate that is the whole dealership: built in its form, driven with customers, answered in ranks."""

import numpy as np
import pytest

from data.errors import InvalidValue
from data.scenario import Candidate, Scenario
from data.trace import Status
from data.workloads.poisson import Poisson
from strategies.dealership import form_of
from strategies.dealership.measuring import customers
from strategies.measuring import measure
from strategies.measuring.rows import request_rows
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

ASKED = Scenario.default().evolve(
    application="dealership", measurement={"warm_up_s": 0.3, "timeout_s": 20.0, "repetitions": 1}
)


def test_it_is_measured_as_a_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    spec = TrainingSpec(data="car_choice", algorithm="logistic", max_rows=2_000, learning_curve=False, track=False)
    package = package_trained(train(spec), tmp_path_factory.mktemp("packages"))
    rows = request_rows(ASKED, package)
    np.testing.assert_array_equal(rows, customers(len(rows)))
    candidate = Candidate(name="whole", strategy="embedded", architecture="monolith")
    trace = measure(
        package, candidate, Poisson(rate_rps=40.0, duration_s=1.0), rows, seed=1, measurement=ASKED.measurement,
        scenario_toml=ASKED.to_toml(), application="dealership",
    )  # fmt: skip
    assert (trace.status == Status.OK).all()
    assert trace.versions == (package.version,)
    assert (trace.usage.cpu_s or 0) > 0
    assert (trace.usage.sent_bytes or 0) > 0
    # The likeliest of six cars: at least a sixth of what they have together, which is more than nothing.
    assert ((trace.answer > 0) & (trace.answer <= 1)).all()
    with pytest.raises(InvalidValue, match="choose monolith"):
        measure(
            package, candidate.model_copy(update={"architecture": "traditional"}), Poisson(rate_rps=1, duration_s=1),
            rows, seed=1, measurement=ASKED.measurement, scenario_toml="", application="dealership",
        )  # fmt: skip


def test_the_model_is_where_the_strategy_says() -> None:
    assert (form_of("embedded", "monolith"), form_of("api", "microservices")) == ("monolith", "microservices")
    with pytest.raises(InvalidValue, match="choose embedded or api"):
        form_of("streaming", "microservices")
    with pytest.raises(InvalidValue, match="choose microservices"):
        form_of("api", "monolith")
