"""Something that really serves is killed while requests come. How long it takes is the bench's business
(tests/bench/faults.py); here, what simulation says of it for certain: who fails, who waits, and that it comes back."""

from dataclasses import replace

import numpy as np
import pytest

from data.catalogue import find_dataset
from data.errors import UnknownKind
from data.profile import ColdStart, Component, ServiceProfile
from data.provenance import Provenance
from data.trace import Status, Trace
from data.usage import Usage
from simulators.risk.real import Calibration, Outcome, drills, inject, interval, learnt, paced, predict
from simulators.risk.real.starting import Sharing
from strategies.packaging.package import ModelPackage

PATIENT_S = 30.0


@pytest.fixture(scope="module")
def rows(tumour_forest: ModelPackage) -> np.ndarray:
    return tumour_forest.manifest.schema.encode(find_dataset("tumour").load().head(50))


def known(strategy: str, *away_s: float, service_s: float = 0.005) -> Calibration:
    """A made-up deployment."""
    profile = ServiceProfile(
        "known", strategy, "process", 1, (Component("model", ((1, (service_s,)),)),),
        cold_starts=(ColdStart((("all", 0.5),)),), broker_s=(0.001,),
    )  # fmt: skip
    return Calibration(profile, away_s, Sharing(cores=8))


def test_a_dead_replica_fails_what_it_held_and_the_other_goes_on(tumour_forest: ModelPackage, rows: np.ndarray) -> None:
    (drill,) = drills("replica")
    drill = replace(drill, rate_rps=100.0, seconds=2.0, timeout_s=PATIENT_S)
    struck = inject(drill, tumour_forest, rows, seed=1)
    trace = struck.trace
    assert drill.at_s <= struck.at_s < drill.at_s + 1
    # It held at most as many as the client has connections to it; in truth hardly any at this rate.
    assert struck.outcome.failed <= 5
    after = trace.scheduled_s > struck.at_s + 0.5
    assert after.sum() > 10
    assert (trace.status[after] == Status.OK).all()
    assert len(set(trace.replica[trace.scheduled_s < struck.at_s].tolist())) == 2
    assert len(set(trace.replica[after].tolist())) == 1
    simulated = predict(drill, known("api"), runs=40)
    low, high = interval([outcome.failed for outcome in simulated])
    assert low == 0
    assert high <= 3


def test_patient_users_lose_nothing_when_the_broker_dies(
    tumour_forest: ModelPackage, rows: np.ndarray, home: object
) -> None:
    assert home
    (drill,) = drills("broker")
    drill = replace(drill, rate_rps=60.0, seconds=2.5, timeout_s=PATIENT_S)
    struck = inject(drill, tumour_forest, rows, seed=2)
    assert struck.outcome == Outcome(0, 0.0)
    assert len(struck.trace) > 100
    waited = struck.trace.latency_s[struck.trace.scheduled_s >= struck.at_s]
    assert waited.max() > np.median(waited)
    simulated = predict(drill, known("streaming", 0.1, 0.2, 0.15), runs=10)
    assert set(simulated) == {Outcome(0, 0.0)}


def test_functions_start_anew_when_all_instances_die(tumour_forest: ModelPackage, rows: np.ndarray) -> None:
    (drill,) = drills("function")
    drill = replace(drill, rate_rps=3.0, seconds=4.0, timeout_s=PATIENT_S)
    struck = inject(drill, tumour_forest, rows, seed=3)
    trace = struck.trace
    after = trace.scheduled_s >= struck.at_s
    assert struck.outcome.failed <= 1  # what was in service
    assert after.sum() > 2
    assert trace.cold[after][0]
    assert (trace.status[after] == Status.OK).all()
    taught = learnt(drill, known("api"), [struck])
    (work_s,) = taught.away_s
    cold = after & trace.cold
    # The work of a start is what it took, or less where another was under way at the same time.
    assert 0 < work_s <= float(trace.latency_s[cold].max())
    impatient = replace(drill, timeout_s=0.2)
    for outcome in predict(impatient, known("api", 0.5, 0.6, 0.55), runs=10):
        # Who comes while the first instance starts gets one of its own, and gives up before it stands.
        assert 0.2 <= outcome.recovery_s <= 2.0
        assert outcome.failed >= 1


def test_a_calm_is_one_only_if_somebody_was_answered() -> None:
    def outcome(*requests: tuple[float, float, bool]) -> Outcome:
        begin_s, end_s, ok = (np.array(column) for column in zip(*requests, strict=True))
        columns = {"scheduled_s": begin_s, "end_s": end_s, "status": np.where(ok, Status.OK, Status.TIMEOUT)}
        about = Provenance("measured", "x", "", 0)
        return Outcome.of(Trace.build(columns, versions=(), usage=Usage(), provenance=about), 2.0)

    before = (1.0, 1.1, True)
    late = outcome(before, (3.5, 3.8, False), (4.0, 4.1, True))
    assert (late.failed, late.recovery_s) == (1, pytest.approx(1.8)), "nobody came for a while: that is no calm"
    assert outcome(before, (2.1, 2.2, True), (3.5, 3.8, False)) == Outcome(0, 0.0)
    twice = outcome(before, (2.0, 2.3, False), (2.5, 2.6, True), (3.9, 4.2, False))
    assert (twice.failed, twice.recovery_s) == (1, pytest.approx(0.3))


def test_a_function_is_struck_under_traffic_whose_starts_the_machine_has_room_for() -> None:
    (drill,) = drills("function")
    slow = replace(known("api").profile, cores=2, capacity_rps=1_000.0)  # starts of half a second
    half = paced(drill, Calibration(slow))
    assert (half.rate_rps, half.seconds) == (pytest.approx(2.0), pytest.approx(2.0 + 2 * 4.0))
    least = paced(drill, Calibration(replace(slow, capacity_rps=2.0)))
    assert (least.rate_rps, least.seconds) == (pytest.approx(0.5), pytest.approx(2.0 + 3 * 4.0))


def test_the_simulated_outage_is_as_long_as_the_calibrated_one() -> None:
    (drill,) = drills("broker")
    outcomes = predict(drill, known("streaming", *[0.4] * 6, service_s=0.0005), runs=60)
    # Who comes t seconds into it waits 0.4 - t, and for those before: 100 t of them, of half a millisecond each.
    assert np.mean([o.failed for o in outcomes]) == pytest.approx(drill.rate_rps * 0.3 / 0.95, rel=0.15)
    low, high = interval([o.recovery_s for o in outcomes])
    assert 0.3 < low < high < 0.5
    with pytest.raises(UnknownKind, match="meteor"):
        drills("meteor")
