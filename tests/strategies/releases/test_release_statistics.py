"""The statistics of deciding while data come in, against published tables and independent implementations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from data.errors import InvalidValue
from strategies.releases.statistics.boundaries import (
    crossing_probabilities,
    expected_looks,
    inflation,
    obrien_fleming,
    pocock,
)
from strategies.releases.statistics.ranks import shift
from strategies.releases.statistics.sample_size import (
    exposures_to_see_one,
    odds_per_arm,
    one_share_needs,
    per_arm_arcsine,
    per_arm_pooled,
)
from strategies.releases.statistics.sequential import (
    band_radius,
    log_normal_mixture,
    log_odds_evidence,
    mean_radius,
    share_bounds,
)
from strategies.releases.statistics.wald import sprt_bounds, sprt_mean_sample

# C. Jennison, B. W. Turnbull, Group Sequential Methods (2000), tables 2.1 and 2.3.
POCOCK = {2: 2.178, 5: 2.413, 10: 2.555}
OBRIEN_FLEMING_5 = (4.562, 3.226, 2.634, 2.281, 2.040)
# P. Armitage, C. K. McPherson, B. C. Rowe, JRSS A 132 (1969): |z| > 1.96 at some of K looks, with no effect.
PEEKING = {1: 0.050, 2: 0.083, 5: 0.142, 10: 0.193, 20: 0.248, 100: 0.374}


@pytest.mark.parametrize(("looks", "constant"), POCOCK.items())
def test_pocock_is_the_published_table(looks: int, constant: float) -> None:
    found = pocock(looks)
    assert len(found) == looks
    assert {round(z, 3) for z in found} == {constant}


def test_obrien_fleming_is_the_published_table() -> None:
    assert tuple(round(z, 3) for z in obrien_fleming(5)) == OBRIEN_FLEMING_5


@pytest.mark.parametrize(("looks", "error"), PEEKING.items())
def test_peeking_inflates_the_error_as_published(looks: int, error: float) -> None:
    assert crossing_probabilities([stats.norm.ppf(0.975)] * looks).sum() == pytest.approx(error, abs=0.0006)


@pytest.mark.parametrize("drift", [0.0, 0.7])
def test_crossing_probabilities_are_those_of_a_random_walk(drift: float) -> None:
    boundary = (2.9, 2.3, 2.0)
    steps = np.random.default_rng(1).normal(drift, 1.0, (200_000, 3)).cumsum(axis=1) / np.sqrt([1, 2, 3])
    beyond = np.abs(steps) > boundary
    first = np.where(beyond.any(axis=1), beyond.argmax(axis=1), 3)
    shares = np.bincount(first, minlength=4) / len(first)
    np.testing.assert_allclose(crossing_probabilities(boundary, drift), shares[:3], atol=0.004)
    assert expected_looks(boundary, drift) == pytest.approx(float((np.minimum(first, 2) + 1).mean()), abs=0.01)


def test_a_plan_of_five_looks_keeps_its_power_with_the_published_inflation() -> None:
    # Jennison & Turnbull, tables 2.2 and 2.4: K=5, alpha .05, power .8.
    assert inflation(pocock(5), 0.05, 0.8) == pytest.approx(1.229, abs=0.001)
    assert inflation(obrien_fleming(5), 0.05, 0.8) == pytest.approx(1.028, abs=0.001)


def test_looks_are_bounded() -> None:
    with pytest.raises(InvalidValue, match="looks = 0"):
        pocock(0)


def test_sample_sizes_are_the_closed_forms() -> None:
    assert per_arm_pooled(0.01, 0.02) == pytest.approx(2318.2, abs=0.05)
    assert per_arm_arcsine(0.01, 0.02) == pytest.approx(2253.7, abs=0.05)
    with pytest.raises(InvalidValue, match="equals p0"):
        per_arm_pooled(0.1, 0.1)


@given(st.floats(0.001, 0.4), st.floats(1.2, 2.4), st.floats(0.001, 0.2), st.floats(0.5, 0.95))
@settings(max_examples=40, deadline=None)
def test_the_arcsine_size_is_statsmodels(p0: float, ratio: float, alpha: float, power: float) -> None:
    effect = proportion_effectsize(p0 * ratio, p0)
    expected = NormalIndPower().solve_power(effect, alpha=alpha / 2, power=power, alternative="larger")
    assert per_arm_arcsine(p0, p0 * ratio, alpha, power) == pytest.approx(expected, rel=1e-3)


@given(st.floats(1e-4, 0.9), st.floats(0.1, 0.999))
def test_exposures_to_see_one_are_the_binomials(share: float, confidence: float) -> None:
    n = exposures_to_see_one(share, confidence)
    assert 1 - (1 - share) ** n == pytest.approx(confidence)
    assert exposures_to_see_one(0.0) == math.inf
    assert exposures_to_see_one(1.0) == 1


def test_walds_test_has_its_bounds_and_its_mean_sample() -> None:
    assert sprt_bounds(0.05, 0.1) == (pytest.approx(2.8904, abs=5e-5), pytest.approx(-2.2513, abs=5e-5))
    assert sprt_mean_sample(0.01, 0.02, 0.05, 0.1) == (pytest.approx(639.3, abs=0.05), pytest.approx(607.2, abs=0.05))


def test_the_normal_mixture_is_the_integral_over_its_effects() -> None:
    n, d, variance, mixing = 40, 0.3, 2.0, 0.5
    effects, width = np.linspace(-8, 8, 40_001, retstep=True)
    ratio = np.exp(n * (effects * d - effects**2 / 2) / variance)
    integral = float(np.sum(ratio * stats.norm.pdf(effects, 0, math.sqrt(mixing))) * width)
    assert log_normal_mixture(n, d, variance, mixing) == pytest.approx(math.log(integral), abs=1e-6)


@given(st.integers(1, 100_000), st.floats(0.01, 10), st.floats(0.001, 10), st.floats(0.001, 0.5))
def test_the_radius_is_where_the_mixture_reaches_its_boundary(
    n: int, variance: float, mix: float, alpha: float
) -> None:
    radius = mean_radius(n, variance, mix, alpha)
    assert log_normal_mixture(n, radius, variance, mix) == pytest.approx(-math.log(alpha), abs=1e-6)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.02, 0.9))
@settings(max_examples=60, deadline=None)
def test_the_odds_evidence_is_the_integral_it_says(new: int, old: int, null: float) -> None:
    q = np.linspace(null, 1, 200_001)[1:-1]
    log_ratio = new * np.log(q / null) + old * np.log((1 - q) / (1 - null))
    integral = np.exp(log_ratio).mean()
    assert log_odds_evidence(new, new + old, null) == pytest.approx(math.log(integral), abs=1e-3)


@pytest.mark.parametrize("null", [0.5, 0.05])
def test_looking_at_every_failure_exceeds_the_odds_boundary_rarely(null: float) -> None:
    rng, alpha = np.random.default_rng(2), 0.05
    boundary, crossed, walks = math.log(1 / alpha), 0, 1_500
    table = {}
    for _ in range(walks):
        new = 0
        for total, falls in enumerate(rng.random(200) < null, 1):
            new += int(falls)
            if (new, total) not in table:
                table[new, total] = log_odds_evidence(new, total, null)
            if table[new, total] >= boundary:
                crossed += 1
                break
    assert stats.binomtest(crossed, walks, alpha, alternative="greater").pvalue > 0.01
    assert crossed > 0


def test_the_confidence_sequence_of_a_share_covers_at_every_n_at_once() -> None:
    rng, missed, walks = np.random.default_rng(3), 0, 400
    for _ in range(walks):
        counts = np.cumsum(rng.random(300) < 0.1)
        for n in range(5, 301, 5):
            low, high = share_bounds(int(counts[n - 1]), n, 0.05)
            assert low <= counts[n - 1] / n <= high
            if not low <= 0.1 <= high:
                missed += 1
                break
    assert missed / walks <= 0.05
    assert share_bounds(0, 0, 0.05) == (0.0, 1.0)
    assert share_bounds(0, 10, 0.05)[0] == 0.0
    assert share_bounds(10, 10, 0.05)[1] == 1.0


def test_the_band_holds_at_all_looks_together() -> None:
    rng, missed, runs = np.random.default_rng(4), 0, 300
    for _ in range(runs):
        sample = rng.random(1_000)
        for look, n in enumerate(range(20, 1_001, 20), 1):
            distance = stats.kstest(sample[:n], "uniform").statistic if look % 10 == 0 else _distance(sample[:n])
            if distance > band_radius(n, look, 0.1):
                missed += 1
                break
    assert missed / runs <= 0.1
    assert band_radius(0, 1, 0.1) == 1.0


def _distance(sample: np.ndarray) -> float:
    ordered, n = np.sort(sample), len(sample)
    ranks = np.arange(1, n + 1) / n
    return float(max((ranks - ordered).max(), (ordered - ranks + 1 / n).max()))


@pytest.mark.parametrize(("p0", "p1"), [(0.001, 0.02), (0.01, 0.03), (0.05, 0.1)])
def test_the_planned_size_gives_about_the_power_it_says(p0: float, p1: float) -> None:
    rng, runs = np.random.default_rng(5), 400
    n = math.ceil(odds_per_arm(p0, p1, 0.05, 0.8))
    found = 0
    for old, new in zip(rng.binomial(n, p0, runs), rng.binomial(n, p1, runs), strict=True):
        found += log_odds_evidence(int(new), int(new + old)) >= math.log(20)
    assert 0.7 < found / runs < 0.95
    one = math.ceil(one_share_needs(p0, p1, 0.05, 0.8))
    above = sum(log_odds_evidence(int(k), one, p0) >= math.log(20) for k in rng.binomial(one, p1, runs))
    assert 0.7 < above / runs < 0.97


def test_the_shift_is_the_median_difference_and_its_interval_covers() -> None:
    rng, covered, runs = np.random.default_rng(6), 0, 500
    for _ in range(runs):
        new, old = rng.exponential(1.0, 15) + 0.5, rng.exponential(1.0, 12)
        found = shift(new, old, 0.9)
        assert found.low <= found.estimate <= found.high
        assert found.estimate == pytest.approx(np.median([a - b for a in new for b in old]))
        covered += found.low <= 0.5 <= found.high
    assert 0.87 <= covered / runs <= 0.95


@given(st.lists(st.floats(-50, 50), min_size=8, max_size=15, unique=True), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_the_interval_holds_zero_where_mann_whitney_does_not_reject(values: list[float], moved: float) -> None:
    new, old = np.array(values[: len(values) // 2]) + moved, np.array(values[len(values) // 2 :])
    found = shift(new, old, 0.95)
    p = stats.mannwhitneyu(new, old, method="asymptotic", use_continuity=False).pvalue
    if p > 0.1:
        assert found.low <= 0 <= found.high
    if p < 0.02:
        assert not found.low <= 0 <= found.high
