"""A deployment whose durations are known is seen under load; the fit predicts loads that it was not fitted to."""

import numpy as np
import pytest

from data.discovery import kind
from data.profile import AtLoad, Component, Idle, ServiceProfile
from data.workloads.poisson import Poisson
from simulators.calibration import calibrated
from simulators.calibration.fitting import Fit, Search
from simulators.engines.contract import Engine, Task
from simulators.fidelity.plans import as_measured
from simulators.plan import Empirical, Plan, Station, Unit, Visit

MEAN_S, DELAY_S = 0.001, 0.0004


def truth() -> Plan:
    """A worker with gamma services of variation 0.5, one in 25 of which is held up for three times as long."""
    rng = np.random.default_rng(4)
    service = rng.gamma(4.0, MEAN_S / 4, 2_000)
    service[::25] += rng.exponential(3 * MEAN_S, len(service[::25]))
    delay = DELAY_S * rng.lognormal(0.0, 0.3, 500)
    server = Station("server", Empirical(tuple(service)), delay=Empirical(tuple(delay)))
    return Plan("truth", (Unit("machine", (server,)),), Visit("server"))


def latency_s(plan: Plan, rate_rps: float, seed: int) -> np.ndarray:
    engine = kind("simulators.engines", Engine, "kernel")()  # type: ignore[type-abstract]
    outcome = engine.run(Task(plan, Poisson(rate_rps=rate_rps, duration_s=200).schedule(1, seed), seed, bins=1))
    return np.asarray(outcome.rows["end_s"] - outcome.rows["scheduled_s"])


def profile_of(seen: tuple[AtLoad, ...]) -> ServiceProfile:
    """Means are about right, as pauses and saturation tell them; spread, hold-ups and idle slowness are not."""
    return ServiceProfile(
        "it", "api", "process", 1, (Component("model", ((1, (0.0002,)),)),), overhead_s=(0.00085,),
        delay_s=(0.0005,), idle=(Idle(0.002, (0.0004,)),), capacity_rps=930.0, at_load=seen,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> ServiceProfile:
    seen = tuple(
        AtLoad(rate, tuple(np.percentile(latency_s(truth(), rate, seed), np.arange(0.5, 100, 0.5))))
        for seed, rate in enumerate((90.0, 280.0, 465.0, 650.0))
    )
    return calibrated(profile_of(seen), as_measured, tries=180)


@pytest.mark.parametrize("rate_rps", [180.0, 370.0, 560.0])
def test_loads_between_are_predicted(fitted: ServiceProfile, rate_rps: float) -> None:
    seen, predicted = latency_s(truth(), rate_rps, 77), latency_s(as_measured(fitted), rate_rps, 78)
    before = latency_s(as_measured(profile_of(())), rate_rps, 78)
    for level, within in ((50, 0.05), (95, 0.10), (99, 0.15)):
        assert np.percentile(predicted, level) == pytest.approx(np.percentile(seen, level), rel=within)
    assert abs(np.log(np.percentile(before, 99) / np.percentile(seen, 99))) > 0.2, "it was right without a fit"


def test_it_says_how_far_off_the_fit_is(fitted: ServiceProfile) -> None:
    assert "Fitted to 4 loads: percentiles are" in fitted.notes[-1]
    assert fitted.capacity_rps == 930.0
    assert fitted.occupancy_s == pytest.approx(MEAN_S, rel=0.2)


def test_without_runs_under_load_nothing_is_changed() -> None:
    assert calibrated(profile_of(()), as_measured) == profile_of(())


def test_knobs_are_nudged_only_where_it_helps() -> None:
    """From a search that has hardly begun, one knob after the other gets nearer; from its end nothing gets worse."""
    told = tuple(
        AtLoad(rate_rps, tuple(np.quantile(latency_s(truth(), rate_rps, 7), np.linspace(0, 1, 201)).tolist()))
        for rate_rps in (150.0, 500.0)
    )
    search = Search(profile_of(told), as_measured)
    begun = search.run(search.again(search.first()), 2)
    once = search.nudged(begun, 1)
    assert once.loss < begun.loss
    assert search.nudged(begun, 0).loss == begun.loss
    again = search.nudged(once, 2)
    assert again.loss <= once.loss
    assert again.loss == pytest.approx(_loss(search, again), rel=1e-9)


def _loss(search: Search, fit: Fit) -> float:
    return float(np.sum(2 * (np.sqrt(1 + search.residuals(fit.values) ** 2) - 1)))
