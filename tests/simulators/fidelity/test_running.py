"""Measuring for the report: a real deployment, small runs, all that is promised of their order and of their seeds."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from simulators.fidelity.running import CALIBRATION_SEED, Extent, arrivals, measure_more, measure_subject
from simulators.fidelity.subjects import named
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train

EXTENT = Extent(
    (0.1,), bursts=(0.05,), seconds=0.2, repeats=2,
    effort=Effort(
        warm_up_s=0.1, saturated_s=0.3, pausing_s=0.2, pause_s=(0.0, 0.001), bursts=5, model_s=0.02, loads=(0.02, 0.08),
        surges=(0.5, 2.0), surge_s=0.02,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    spec = TrainingSpec(
        data="car_choice", algorithm="random_forest", parameters={"trees": 5}, max_rows=600, learning_curve=False,
        track=False,
    )  # fmt: skip
    return package_trained(train(spec), tmp_path_factory.mktemp("package"))


def test_repetitions_meet_the_same_loads_and_more_can_be_added(package: ModelPackage) -> None:
    (subject,) = named(["embedded"])
    said: list[str] = []
    measured = measure_subject(subject, package, EXTENT, said.append)
    assert [line.split(": ")[1] for line in said] == [
        "profiling",
        "repetition 1 of 2, 7 runs",
        "repetition 2 of 2, 7 runs",
    ]
    told = [run.about for run in measured.runs]
    cells = {
        ("calibration", 0.02, "poisson"), ("calibration", 0.08, "poisson"), ("calibration", 0.05, "bursty"),
        ("surge", 0.5, "poisson"), ("surge", 2.0, "poisson"), ("held out", 0.1, "poisson"), ("held out", 0.1, "bursty"),
    }  # fmt: skip
    assert Counter((a.purpose, a.utilisation, a.traffic) for a in told) == dict.fromkeys(cells, 2)
    assert len({a.seed for a in told if a.purpose == "held out"}) == 1
    assert {a.seed for a in told if a.purpose != "held out"} == {CALIBRATION_SEED, CALIBRATION_SEED + 1}
    assert [(a.purpose, a.traffic, a.utilisation) for a in told[:7]] != [
        (a.purpose, a.traffic, a.utilisation) for a in told[7:]
    ]
    for run in measured.runs:
        assert run.columns["scheduled_s"] == pytest.approx(arrivals(run.about).at_s)
        assert np.isfinite(run.columns["end_s"]).all()
    more = measure_more(subject, package, measured, replace(EXTENT, repeats=1), said.append)
    assert said[-1] == "embedded: repetition 3 of 3, 7 runs"
    assert more.profile == measured.profile
    assert more.runs[:14] == measured.runs
    added = [run.about for run in more.runs[14:]]
    assert {a.deployment for a in told} == {0}
    assert {a.deployment for a in added} == {1}
    assert {(a.purpose, a.utilisation, a.traffic, a.rate_rps) for a in added} == {
        (a.purpose, a.utilisation, a.traffic, a.rate_rps) for a in told
    }
    assert {a.seed for a in added if a.purpose != "held out"} == {CALIBRATION_SEED + 2}
    assert not {a.seed for a in added if a.purpose == "held out"} & {a.seed for a in told if a.purpose == "held out"}
