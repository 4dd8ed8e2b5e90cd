"""Rate and dispersion of each kind of traffic, against the theory's closed forms."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from scipy import stats

from data.errors import InvalidValue
from data.workloads._points import piecewise_points, sorted_uniforms
from data.workloads.bursty import Bursty
from data.workloads.closed_loop import ClosedLoop
from data.workloads.constant import Constant
from data.workloads.contract import MAX_REQUESTS, OpenSchedule, Workload
from data.workloads.diurnal import Diurnal
from data.workloads.poisson import Poisson
from data.workloads.spike import Spike

seeds = st.integers(0, 2**32)
rates = st.floats(1.0, 5_000.0)
fixed = settings(derandomize=True, max_examples=60, deadline=None)  # a statistical test must not fail by chance


def arrivals(workload: Workload, seed: int = 1) -> NDArray[np.float64]:
    schedule = workload.schedule(1, seed)
    assert isinstance(schedule, OpenSchedule)
    assert (np.diff(schedule.at_s) >= 0).all()
    assert not len(schedule) or (schedule.at_s[0] >= 0 and schedule.at_s[-1] < workload.duration_s)
    return schedule.at_s


def counts(at_s: NDArray[np.float64], duration_s: float, windows: int) -> NDArray[np.int64]:
    return np.bincount((at_s / duration_s * windows).astype(int), minlength=windows)


def dispersion(at_s: NDArray[np.float64], duration_s: float, windows: int) -> float:
    """Variance of the counts per window over their mean."""
    found = counts(at_s, duration_s, windows)
    return float(found.var(ddof=1) / found.mean())


@fixed
@given(rates, st.floats(0.1, 20.0), seeds)
def test_poisson_counts_have_mean_and_variance_of_the_rate(rate_rps: float, duration_s: float, seed: int) -> None:
    at_s = arrivals(Poisson(rate_rps=rate_rps, duration_s=duration_s), seed)
    low, high = stats.poisson.interval(1 - 1e-9, rate_rps * duration_s)
    assert low <= len(at_s) <= high
    if rate_rps * duration_s > 500:
        windows = 100
        low, high = stats.chi2.interval(1 - 1e-6, windows - 1) / np.array(windows - 1)
        assert 0.9 * low <= dispersion(at_s, duration_s, windows) <= 1.1 * high


def test_poisson_gaps_are_exponential_and_independent() -> None:
    gaps = np.diff(arrivals(Poisson(rate_rps=200, duration_s=500)))
    assert stats.kstest(gaps, "expon", args=(0, 1 / 200)).pvalue > 1e-4
    assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 5 / np.sqrt(len(gaps))


def test_sums_of_exponentials_give_sorted_uniforms() -> None:
    """Against sorting: the k-th of n has a beta(k, n + 1 - k) law."""
    drawn = np.array([sorted_uniforms(9, np.random.default_rng(seed)) for seed in range(4_000)])
    assert (np.diff(drawn, axis=1) >= 0).all()
    for k in (1, 5, 9):
        assert stats.kstest(drawn[:, k - 1], stats.beta(k, 10 - k).cdf).pvalue > 1e-4
    assert len(sorted_uniforms(0, np.random.default_rng(1))) == 0


@fixed
@given(rates, st.floats(0.1, 20.0))
def test_constant_arrivals_are_evenly_spaced(rate_rps: float, duration_s: float) -> None:
    at_s = arrivals(Constant(rate_rps=rate_rps, duration_s=duration_s))
    assert abs(len(at_s) - rate_rps * duration_s) <= 1
    np.testing.assert_allclose(np.diff(at_s), 1 / rate_rps, rtol=1e-6)
    assert len(at_s) < 200 or dispersion(at_s, duration_s, 50) < 0.3


def test_constant_arrivals_never_reach_the_end() -> None:
    assert len(arrivals(Constant(rate_rps=100, duration_s=10))) == 1_000
    assert len(arrivals(Constant(rate_rps=3, duration_s=1 / 3))) == 1
    np.testing.assert_array_equal(arrivals(Constant(rate_rps=2, duration_s=1.75)), [0, 0.5, 1, 1.5])


bursty = st.builds(
    Bursty,
    calm_rps=st.floats(0, 400),
    burst_rps=st.floats(500, 2_000),
    calm_s=st.floats(0.01, 2),
    burst_s=st.floats(0.01, 1),
    duration_s=st.just(50.0),
)


@fixed
@given(bursty, seeds)
def test_bursty_counts_have_the_mean_and_variance_of_the_closed_form(workload: Bursty, seed: int) -> None:
    """In the stationary state Var N(T) = λ̄ T I(T)."""
    expected = workload.mean_rate_rps * workload.duration_s
    found = len(arrivals(workload, seed))
    assert abs(found - expected) <= 6 * np.sqrt(expected * workload.dispersion(workload.duration_s))


@pytest.mark.parametrize(
    ("calm_rps", "burst_rps", "calm_s", "burst_s"), [(50, 500, 0.4, 0.05), (0, 300, 0.1, 0.2), (80, 120, 1, 1)]
)
def test_bursty_dispersion_is_the_closed_form(calm_rps: float, burst_rps: float, calm_s: float, burst_s: float) -> None:
    workload = Bursty(calm_rps=calm_rps, burst_rps=burst_rps, calm_s=calm_s, burst_s=burst_s, duration_s=12_000)
    at_s = arrivals(workload)
    for window_s in (0.02, 0.2, 2.0):
        expected = workload.dispersion(window_s)
        assert dispersion(at_s, workload.duration_s, round(workload.duration_s / window_s)) == pytest.approx(
            expected, rel=0.08
        )


def test_bursty_dispersion_has_its_known_limits() -> None:
    workload = Bursty(calm_rps=50, burst_rps=500, calm_s=4, burst_s=0.5)
    assert workload.mean_rate_rps == 100
    assert workload.dispersion(1e-9) == pytest.approx(1, abs=1e-6)
    # In the limit 1 + 2 r₁r₂(λ₁ - λ₂)² / ((r₁ + r₂)² (λ₁r₂ + λ₂r₁)), with r = (1/4, 2): 1 + 2·½·450² / (2.25²·225).
    assert workload.dispersion(1e9) == pytest.approx(1 + 450**2 / (2.25**2 * 225))
    assert all(a < b for a, b in itertools.pairwise(workload.dispersion(t) for t in (0.01, 0.1, 1, 10, 100)))


def test_bursty_spells_alternate_and_last_as_long_as_they_should() -> None:
    workload = Bursty(calm_rps=10, burst_rps=100, calm_s=0.03, burst_s=0.01, duration_s=400)
    edges_s, rates_rps = workload._spells(np.random.default_rng(1))
    stays = np.diff(edges_s)[1:-1]
    assert edges_s[0] == 0
    assert edges_s[-1] == 400
    assert (np.abs(np.diff(rates_rps)) == 90).all()
    for rate_rps, mean_s in ((10, 0.03), (100, 0.01)):
        spells = stays[rates_rps[1:-1] == rate_rps]
        assert stats.kstest(spells, "expon", args=(0, mean_s)).pvalue > 1e-4
    starts = [workload._spells(np.random.default_rng(seed))[1][0] for seed in range(2_000)]
    assert stats.binomtest(starts.count(100.0), 2_000, 0.25).pvalue > 1e-4


@fixed
@given(st.floats(20, 2_000), st.floats(0, 1), st.floats(0.5, 30), st.floats(0, 30), seeds)
def test_diurnal_counts_follow_the_sine(
    rate_rps: float, swing: float, period_s: float, peak_s: float, seed: int
) -> None:
    workload = Diurnal(rate_rps=rate_rps, swing=swing, period_s=period_s, peak_s=peak_s, duration_s=20)
    at_s = arrivals(workload, seed)
    edges = np.linspace(0, 20, 20_001)
    by_hand = (rate_rps * (1 + swing * np.cos(2 * np.pi * (edges - peak_s) / period_s)))[:-1] * np.diff(edges)
    assert workload.mean_rate_rps * 20 == pytest.approx(by_hand.sum(), rel=2e-3)
    expected = np.add.reduceat(by_hand, np.arange(0, 20_000, 1_000))  # one second each
    assert (np.abs(counts(at_s, 20, 20) - expected) <= 7 * np.sqrt(expected) + 8).all()


def test_diurnal_is_highest_at_its_peak_and_still_at_full_swing_half_a_day_later() -> None:
    workload = Diurnal(rate_rps=100, swing=1, period_s=100, peak_s=30)
    np.testing.assert_allclose(workload.rate_at(np.array([30, 80, 55, 130])), [200, 0, 100, 200], atol=1e-9)


@fixed
@given(st.floats(50, 500), st.floats(0, 20), st.floats(0, 9.9), st.floats(0.1, 30), seeds)
def test_spike_multiplies_the_rate_while_it_lasts(
    rate_rps: float, factor: float, start_s: float, length_s: float, seed: int
) -> None:
    workload = Spike(rate_rps=rate_rps, factor=factor, start_s=start_s, length_s=length_s, duration_s=10)
    at_s = arrivals(workload, seed)
    end_s = min(start_s + length_s, 10)
    inside = (at_s >= start_s) & (at_s < end_s)
    for found, expected in (
        (inside.sum(), rate_rps * factor * (end_s - start_s)),
        ((~inside).sum(), rate_rps * (10 - end_s + start_s)),
        (len(at_s), workload.mean_rate_rps * 10),
    ):
        low, high = stats.poisson.interval(1 - 1e-9, expected) if expected else (0, 0)
        assert low <= found <= high


def test_a_piece_without_arrivals_stays_empty() -> None:
    at_s = piecewise_points(np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 1_000, 0, 1_000]), np.random.default_rng(1))
    assert set(np.floor(at_s)) == {1, 3}


def test_the_random_streams_of_two_seeds_are_unrelated() -> None:
    one, two = (counts(arrivals(Poisson(rate_rps=500, duration_s=100), seed), 100, 1_000) for seed in (1, 2))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.15


@pytest.mark.parametrize("think", ["exponential", "constant", "uniform"])
def test_think_times_have_their_law(think: str) -> None:
    schedule = ClosedLoop(users=50, think_s=0.02, think=think, duration_s=20).schedule(3, 1)
    laws = {"exponential": stats.expon(0, 0.02), "uniform": stats.uniform(0, 0.04)}
    assert schedule.think_s.mean() == pytest.approx(0.02, rel=0.02)
    if think in laws:
        assert stats.kstest(schedule.think_s.ravel(), laws[think].cdf).pvalue > 1e-4
    else:
        assert (schedule.think_s == 0.02).all()
    assert (schedule.think_s.sum(axis=1) >= 20).all(), "answers in no time do not use up the plan"


def test_a_closed_loop_is_bounded_whatever_is_asked() -> None:
    for users, think_s in ((1, 0.0), (100_000, 0.0), (100_000, 1e-6), (3, 1e-9)):
        schedule = ClosedLoop(users=users, think_s=think_s, duration_s=3_600).schedule(2, 1)
        assert schedule.users == users
        assert schedule.think_s.shape[1] >= 1
        assert schedule.think_s.size <= 2_000_000
    assert ClosedLoop(users=5, think_s=0.5).mean_rate_rps == 10
    assert ClosedLoop(users=5, think_s=0).mean_rate_rps == float("inf")
    with pytest.raises(InvalidValue, match="has no arrivals known beforehand"):
        ClosedLoop().arrivals(np.random.default_rng(1))


@pytest.mark.parametrize(
    "workload",
    [
        Poisson(rate_rps=1e9),
        Constant(rate_rps=1e9),
        Bursty(burst_rps=1e12),
        Bursty(calm_s=0.001, burst_s=0.001, duration_s=30_000_000),
        Diurnal(rate_rps=1e9),
        Spike(factor=1e8),
    ],
)
def test_a_schedule_too_long_to_hold_is_refused(workload: Workload) -> None:
    with pytest.raises(InvalidValue, match=f"must not exceed {MAX_REQUESTS:,}: lower the rate or duration"):
        workload.schedule(1, 1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Bursty(calm_rps=10, burst_rps=10), "burst_rps = 10 must be above calm_rps = 10"),
        (lambda: Spike(start_s=10, duration_s=10), "start_s = 10 must be below duration_s = 10"),
        (lambda: Diurnal(swing=1.1), "swing"),
        (lambda: Poisson(rate_rps=0), "rate_rps"),
        (lambda: ClosedLoop(users=0), "users"),
        (lambda: ClosedLoop(think="sleepy"), "think"),
    ],
)
def test_a_field_that_breaks_its_rule_is_named(make: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()  # type: ignore[operator]
