"""Figures with intervals: against scipy and numpy, and by simulation for what an interval promises."""

import doctest
import importlib
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import beta, binom, lognorm, sem, t

from data.errors import InvalidValue, NotEstimable
from data.estimate import Estimate, TooFew
from data.estimates import (
    as_text,
    ecdf,
    latencies_ms,
    mean,
    mean_of_runs,
    percentile,
    samples_needed,
    share,
    summarise,
    throughput,
)
from data.estimates.percentiles import interval_ranks, nearest_rank
from data.estimates.resampling import Resamples, interval
from data.provenance import Provenance
from data.scenario import Slo
from data.trace import Status, Trace
from data.usage import Usage

PERCENTS = (1, 25, 50, 90, 95, 99, 99.9)
SLO = Slo(percentile=95.0, latency_ms=20.0, max_error_share=0.1)


@pytest.mark.parametrize("name", ["percentiles", "curves", "text"])
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    module = importlib.import_module(f"data.estimates.{name}")
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0


@pytest.mark.parametrize(("percent", "needed"), [(50, 6), (95, 72), (99, 368), (99.9, 3_688), (1, 368)])
def test_the_fewest_samples_that_give_an_interval(percent: float, needed: int) -> None:
    assert samples_needed(percent) == needed
    assert percentile(np.arange(float(needed)), percent).n == needed
    with pytest.raises(NotEstimable) as error:
        percentile(np.arange(float(needed - 1)), percent)
    assert (error.value.n, error.value.needs) == (needed - 1, needed)


@pytest.mark.parametrize(
    ("n", "percent"),
    [(n, p) for n in (6, 73, 368, 4_000, 1_000_003) for p in PERCENTS if n >= samples_needed(p)],
)
def test_interval_ranks_are_the_tightest_that_the_binomial_allows(n: int, percent: float) -> None:
    low, high = interval_ranks(n, percent)
    q = percent / 100
    assert binom.cdf(low - 1, n, q) <= 0.025 < binom.cdf(low, n, q)
    assert binom.sf(high - 1, n, q) <= 0.025 < binom.sf(high - 2, n, q)
    assert low <= nearest_rank(n, percent) <= high


@given(st.integers(6, 3_000), st.sampled_from(PERCENTS), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_percentile_is_numpys_and_lies_in_its_interval(n: int, percent: float, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(0, 50, n).astype(np.float64)  # ties included
    if n < samples_needed(percent):
        return
    found = percentile(samples, percent)
    assert found.value == np.percentile(samples, percent, method="inverted_cdf")
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("percent", [0, 100, -1, float("nan")])
def test_a_percentile_that_does_not_exist_is_refused(percent: float) -> None:
    with pytest.raises(InvalidValue, match="percent"):
        percentile(np.arange(1_000.0), percent)


@pytest.mark.parametrize(("percent", "n"), [(50, 30), (95, 100), (99, 500)])
def test_percentile_intervals_cover_as_often_as_they_promise(percent: float, n: int) -> None:
    truth = lognorm.ppf(percent / 100, s=1.0)
    draws = np.random.default_rng(11).lognormal(0.0, 1.0, (1_500, n))
    found = [percentile(sample, percent) for sample in draws]
    covered = np.mean([e.low <= truth <= e.high for e in found])
    assert covered >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / len(draws))


@given(st.integers(1, 5_000), st.data())
@settings(max_examples=60, deadline=None)
def test_a_share_has_clopper_and_pearsons_interval(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    found = share(count, n)
    assert found.value == count / n
    assert found.low == pytest.approx(beta.ppf(0.025, count, n - count + 1) if count else 0.0, rel=1e-6)
    assert found.high == pytest.approx(beta.ppf(0.975, count + 1, n - count) if count < n else 1.0, rel=1e-6)


def test_a_share_of_nothing_is_not_estimable_and_a_count_above_n_is_refused() -> None:
    with pytest.raises(NotEstimable):
        share(0, 0)
    with pytest.raises(InvalidValue, match="between 0 and n"):
        share(3, 2)


def _autoregressive(rng: np.random.Generator, runs: int, n: int, rho: float) -> NDArray[np.float64]:
    """Standard normal values, each correlated with the one before. (runs, n)"""
    noise = rng.standard_normal((runs, n)) * math.sqrt(1 - rho**2)
    values = np.empty((runs, n))
    values[:, 0] = rng.standard_normal(runs)
    for i in range(1, n):
        values[:, i] = rho * values[:, i - 1] + noise[:, i]
    return values


def _coverage(values: NDArray[np.float64], lengths: Sequence[int], blocks: int) -> float:
    """Share of samples, one a row, whose interval of the mean covers the true one, 0."""
    found = [interval(Resamples(lengths, draws=200, blocks=blocks).ratios(v)) for v in values]
    return float(np.mean([low <= 0.0 <= high for low, high in found]))


def test_block_intervals_cover_where_neighbours_are_alike_and_single_values_do_not() -> None:
    values = _autoregressive(np.random.default_rng(3), 300, 1_500, 0.9)
    assert _coverage(values, [1_500], blocks=30) >= 0.87  # 0.95 is reached as runs grow long
    assert _coverage(values[:60], [1_500], blocks=1_500) <= 0.65  # what ignoring the dependence would cost


def test_block_percentiles_cover_too() -> None:
    values = _autoregressive(np.random.default_rng(4), 200, 1_500, 0.8)
    truth = 1.2815515655446004  # p90 of a standard normal
    found = [interval(Resamples([1_500], draws=200).percentiles(v, [90.0])[:, 0]) for v in values]
    assert np.mean([low <= truth <= high for low, high in found]) >= 0.87


def test_resampling_sees_that_repetitions_differ() -> None:
    rng = np.random.default_rng(5)
    levels = rng.normal(0.0, 1.0, (200, 8))
    runs = levels[:, :, None] + rng.normal(0.0, 1.0, (200, 8, 200))
    values = runs.reshape(200, -1)
    assert _coverage(values, [200] * 8, blocks=30) >= 0.85
    assert _coverage(values[:60], [1_600], blocks=1_600) <= 0.45


def test_resampled_percentiles_match_resampling_by_hand() -> None:
    rng = np.random.default_rng(6)
    values = rng.lognormal(0.0, 1.0, 5_000)
    binned = Resamples([5_000], draws=2_000, blocks=5_000).percentiles(values, [50.0, 99.0])
    by_hand = np.array(
        [np.percentile(rng.choice(values, 5_000), [50, 99], method="inverted_cdf") for _ in range(2_000)]
    )
    assert np.quantile(binned, [0.025, 0.975], axis=0) == pytest.approx(
        np.quantile(by_hand, [0.025, 0.975], axis=0), rel=0.03
    )


def test_the_mean_of_independent_values_has_the_textbook_interval() -> None:
    values = np.random.default_rng(7).exponential(10.0, 6_000)
    found = mean(values, Resamples([6_000], draws=4_000, blocks=6_000))
    half = 1.96 * sem(values)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), rel=0.01)
    with pytest.raises(NotEstimable):
        mean(values[:29], Resamples([29]))


def test_totals_of_repetitions_have_students_interval() -> None:
    totals = [3.1, 2.9, 3.4]
    found = mean_of_runs(totals, "s", name="processor time")
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 2, np.mean(totals), sem(totals)))
    with pytest.raises(NotEstimable, match="n=1, needs 2"):
        mean_of_runs([3.1], "s", name="processor time")


def test_an_interval_between_repetitions_ends_where_its_quantity_does() -> None:
    found = mean_of_runs([0.1, 4.0], "requests/s", name="throughput")
    assert found.low == 0.0 < found.value < found.high


def test_throughput_of_poisson_answers_covers_their_rate() -> None:
    rng, covered = np.random.default_rng(8), []
    for _ in range(200):
        runs = [(np.sort(rng.uniform(0.0, 10.0, rng.poisson(1_000))), 0.0, 10.0) for _ in range(3)]
        found = throughput(runs)
        assert found.value == pytest.approx(sum(len(ends) for ends, _, _ in runs) / 30.0)
        covered.append(found.low <= 100.0 <= found.high)
    assert np.mean(covered) >= 0.85


def test_throughput_of_a_batch_is_compared_between_repetitions() -> None:
    runs = [(np.full(500, end), 0.0, end) for end in (4.9, 5.0, 5.1)]
    found = throughput(runs)
    assert found.value == pytest.approx(100.0, rel=1e-3)
    assert 90 < found.low < found.high < 110
    with pytest.raises(NotEstimable, match="n=1, needs 2"):
        throughput(runs[:1])
    with pytest.raises(NotEstimable, match="n=0"):
        throughput([])


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=300), st.integers(8, 100))
@settings(max_examples=60, deadline=None)
def test_curve_points_lie_on_the_full_curve(samples: list[float], most: int) -> None:
    values, shares = ecdf(np.array(samples), most)
    assert len(values) <= most
    assert np.all(np.diff(values) > 0)
    assert shares == pytest.approx([np.mean(np.array(samples) <= v) for v in values])
    assert (values[-1], shares[-1]) == (max(samples), 1.0)
    assert values[0] == min(samples)


def test_a_long_curve_keeps_its_tails_whole_and_misses_little_between() -> None:
    samples = np.random.default_rng(9).lognormal(0.0, 1.0, 100_000)
    values, shares = ecdf(samples)
    ordered = np.sort(samples)
    assert len(values) <= 2_000
    assert np.array_equal(values[-500:], ordered[-500:])
    assert np.array_equal(values[:500], ordered[:500])
    assert np.diff(shares).max() < 2e-3
    assert all(len(part) == 0 for part in ecdf(np.array([])))


def _trace(latency_ms: Sequence[float], status: Sequence[int], *, seed: int = 1, **usage: float) -> Trace:
    scheduled_s = np.linspace(0.0, 10.0, len(latency_ms), endpoint=False)
    columns = {
        "scheduled_s": scheduled_s,
        "end_s": scheduled_s + np.array(latency_ms) / 1e3,
        "status": np.array(status, np.uint8),
    }
    provenance = Provenance("measured", "api", "", seed, warm_up_s=1.0, problems=("late",) if seed == 3 else ())
    return Trace.build(columns, versions=(), usage=Usage(**usage), provenance=provenance)  # type: ignore[arg-type]


def _three_runs(n: int = 2_000) -> list[Trace]:
    rng = np.random.default_rng(10)
    runs = []
    for seed in (1, 2, 3):
        status = rng.choice([Status.OK, Status.REJECTED, Status.TIMEOUT, Status.ERROR], n, p=[0.9, 0.04, 0.04, 0.02])
        latency_ms = np.where(status == Status.TIMEOUT, 5_000.0, rng.lognormal(2.0, 0.5, n))
        latency_ms[status == Status.ERROR] = 0.01  # a quick failure must not make the system look quick
        runs.append(_trace(latency_ms, status, seed=seed, cpu_s=2.0 + seed / 10, peak_bytes=2**27))
    return runs


def test_a_summary_is_computed_from_counted_requests_alone() -> None:
    runs = _three_runs()
    found = summarise(runs, SLO)
    counted = [run.counted() for run in runs]
    status = np.concatenate([run.status for run in counted])
    waited = np.concatenate([latencies_ms(run) for run in runs])
    assert (found.candidate, found.origin, found.runs, found.n) == ("api", "measured", 3, len(status))
    assert len(status) == 3 * 1_800  # without the warm-up
    assert isinstance(found.p99_ms, Estimate)
    assert found.p99_ms.value == np.percentile(waited, 99, method="inverted_cdf") == pytest.approx(5_000.0)
    assert isinstance(found.p50_ms, Estimate)
    assert found.p50_ms.value > 5.0
    assert isinstance(found.error_share, Estimate)
    assert found.error_share.value == pytest.approx(np.mean(status == Status.ERROR))
    assert isinstance(found.slo_attained_share, Estimate)
    inside = [np.mean(r.ok & (r.latency_s * 1e3 <= SLO.latency_ms)) for r in counted]
    assert found.slo_attained_share.value == pytest.approx(np.mean(inside))
    assert found.slo_percentile_ms == found.p95_ms
    assert isinstance(found.cpu_s_per_1000, Estimate)
    assert found.cpu_s_per_1000.value == pytest.approx(
        np.mean([1e3 * r.usage.cpu_s / r.ok.sum() for r in counted if r.usage.cpu_s is not None])
    )
    assert found.peak_mib == Estimate(128.0, 128.0, 128.0, 3, "MiB")
    assert (found.valid, found.problems) == (False, ("late",))
    assert found == summarise(runs, SLO), "the same traces give the same intervals"


def test_a_summarys_percentile_intervals_are_never_narrower_than_independence_allows() -> None:
    runs = _three_runs()[:2]
    found = summarise(runs, SLO)
    for percent, figure in ((50, found.p50_ms), (95, found.p95_ms), (99, found.p99_ms)):
        exact = percentile(np.concatenate([latencies_ms(run) for run in runs]), percent)
        assert isinstance(figure, Estimate)
        assert figure.low <= exact.low <= exact.high <= figure.high


def test_a_request_given_up_at_the_end_does_not_stretch_the_run() -> None:
    status = [Status.OK] * 999 + [Status.TIMEOUT]
    found = summarise([_trace([5.0] * 999 + [60_000.0], status)], SLO)
    assert isinstance(found.throughput_rps, Estimate)
    assert found.throughput_rps.value == pytest.approx(100.0, rel=0.01)
    assert isinstance(found.timeout_share, Estimate)
    assert found.timeout_share.value == pytest.approx(1 / 900)


def test_a_short_run_says_what_it_cannot_estimate() -> None:
    found = summarise([_trace([5.0] * 100, [Status.OK] * 100)], SLO)
    assert found.p99_ms == TooFew("p99", 90, 368)
    assert as_text(found.p99_ms) == "not estimable (n=90, needs 368)"
    assert isinstance(found.p95_ms, Estimate)
    assert found.cpu_s_per_1000 is None
    assert found.to_dict()["p99_ms"] == {"figure": "p99", "n": 90, "needs": 368}


@pytest.mark.parametrize("status", [Status.ERROR, Status.REJECTED])
def test_a_run_without_any_answer_has_shares_and_no_latency(status: Status) -> None:
    found = summarise([_trace([1.0] * 500, [status] * 500)], SLO)
    assert isinstance(found.p50_ms, TooFew)
    assert isinstance(found.mean_ms, TooFew)
    assert isinstance(found.failed_share, Estimate)
    assert found.failed_share.value == 1.0
    assert isinstance(found.throughput_rps, TooFew)


def test_an_empty_run_has_no_figures_and_does_not_fail() -> None:
    found = summarise([_trace([], [])], SLO)
    assert found.n == 0
    assert all(isinstance(f, TooFew) for f in (found.p50_ms, found.error_share, found.throughput_rps, found.mean_ms))


def test_two_candidates_are_not_summarised_together() -> None:
    mine = _trace([1.0], [Status.OK])
    other = Trace.build(
        {"scheduled_s": [0.0], "end_s": [1.0], "status": [0]},
        versions=(),
        usage=Usage(),
        provenance=Provenance("measured", "embedded", "", 1),
    )
    with pytest.raises(InvalidValue, match="one candidate"):
        summarise([mine, other], SLO)
    with pytest.raises(InvalidValue, match="one candidate"):
        summarise([], SLO)
