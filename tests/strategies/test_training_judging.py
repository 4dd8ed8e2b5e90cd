"""Calibration, threshold by cost and top-1 hit rate against figures worked out by hand or by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidValue
from strategies.training.calibration import calibration
from strategies.training.ranking import top_1
from strategies.training.threshold import Costs, choose_threshold, mean_cost


def test_calibration_by_hand() -> None:
    probability = np.array([0.1, 0.2, 0.3, 0.4, 0.8, 0.8, 0.8, 0.8])
    came_true = np.array([0, 0, 1, 0, 1, 1, 1, 0], dtype=bool)
    found = calibration(came_true, probability, bins=2)
    assert [(b.n, b.predicted, b.observed) for b in found.bins] == [
        (4, pytest.approx(0.25), 0.25),
        (4, pytest.approx(0.8), 0.75),
    ]
    assert found.expected_error == pytest.approx((4 * 0.0 + 4 * 0.05) / 8)
    assert all(b.low < b.observed < b.high for b in found.bins)


def test_probabilities_that_are_all_alike_make_one_bin() -> None:
    found = calibration(np.array([True, False, False, False]), np.full(4, 0.25))
    assert [(b.n, b.predicted, b.observed) for b in found.bins] == [(4, 0.25, 0.25)]
    assert found.expected_error == 0


def test_true_probabilities_are_calibrated_and_distorted_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    probability = rng.random(20_000)
    came_true = rng.random(20_000) < probability
    assert calibration(came_true, probability).expected_error < 0.02
    assert calibration(came_true, probability**2).expected_error > 0.1


probabilities = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.75, 1.0]), min_size=1, max_size=30)
prices = st.sampled_from([0.0, 0.5, 1.0, 7.0])


@given(probabilities, st.integers(0, 2**30), prices, prices)
def test_no_threshold_is_cheaper_than_the_one_chosen(
    values: list[float], bits: int, wrong: float, missed: float
) -> None:
    if wrong + missed == 0:
        return
    probability = np.array(values)
    positive = np.array([bits >> i & 1 for i in range(len(values))], dtype=bool)
    costs = Costs(wrong, missed)
    choice = choose_threshold((positive, probability), (positive, probability), costs)
    every = [0.0, *values, *(np.nextafter(v, 2) for v in values), 2.0]
    assert choice.validation_cost == pytest.approx(min(mean_cost(positive, probability, t, costs) for t in every))
    assert mean_cost(positive, probability, choice.threshold, costs) == pytest.approx(choice.validation_cost)
    assert choice.test_cost == pytest.approx(choice.validation_cost)
    assert choice.test_cost_never == pytest.approx(positive.mean() * missed)
    assert choice.test_cost_always == pytest.approx((~positive).mean() * wrong)


def test_the_threshold_is_chosen_on_validation_rows_and_judged_on_test_rows() -> None:
    validation = np.array([False, False, True, True]), np.array([0.1, 0.2, 0.7, 0.9])
    test = np.array([False, True, True, False]), np.array([0.3, 0.55, 0.65, 0.8])
    choice = choose_threshold(validation, test, Costs(1, 3))
    assert choice.threshold == 0.25  # break-even lies in the gap between 0.2 and 0.7
    assert choice.validation_cost == 0
    assert choice.test_cost == pytest.approx((1 + 1) / 4)  # 0.3 and 0.8 are called positive wrongly
    assert choice.test_cost_at_half == pytest.approx(1 / 4)


def test_a_dearer_miss_lowers_the_threshold() -> None:
    rng = np.random.default_rng(2)
    probability = rng.random(2_000)
    rows = rng.random(2_000) < probability, probability
    cheap, dear = (choose_threshold(rows, rows, Costs(1, missed)) for missed in (1, 9))
    assert cheap.threshold == pytest.approx(0.5, abs=0.12)
    assert dear.threshold == pytest.approx(0.1, abs=0.06)


@pytest.mark.parametrize("pair", [(0, 0), (-1, 2)])
def test_costs_that_decide_nothing_are_refused(pair: tuple[float, float]) -> None:
    with pytest.raises(InvalidValue, match="costs"):
        Costs(*pair)


def test_top_1_by_hand() -> None:
    groups = np.array([1, 1, 1, 2, 2, 2, 3, 3, 4, 4])
    chosen = np.array([0, 1, 0, 1, 0, 0, 0, 1, 0, 0], dtype=bool)
    probability = np.array([0.1, 0.5, 0.2, 0.1, 0.6, 0.6, 0.4, 0.4, 0.9, 0.1])
    found = top_1(chosen, probability, groups)
    assert found is not None
    # Group 1 hits, group 2 misses, group 3 shares a hit between two, group 4 has nothing to hit.
    assert found.hit_rate.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert found.hit_rate.n == 3
    assert found.guessing == pytest.approx((1 / 3 + 1 / 3 + 1 / 2) / 3)
    assert not found.beats_guessing
    assert top_1(np.zeros(10, dtype=bool), probability, groups) is None


def test_a_ranking_that_knows_beats_guessing_and_a_blind_one_does_not() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(400), 6)
    chosen = np.tile([True, *[False] * 5], 400)
    knowing = top_1(chosen, rng.random(2_400) + 0.5 * chosen, groups)
    blind = top_1(chosen, rng.random(2_400), groups)
    assert knowing is not None
    assert blind is not None
    assert knowing.beats_guessing
    assert blind.hit_rate.low < blind.guessing < blind.hit_rate.high
    assert blind.guessing == pytest.approx(1 / 6)
