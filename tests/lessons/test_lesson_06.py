"""Batch or real time: the check tells each shortfall apart, and both costs are found again from the rates they make."""

import importlib

import pytest

lesson = importlib.import_module("lessons.experiments.06_batch_or_real_time")


def test_quick_fresh_and_honest_passes() -> None:
    assert lesson._why(20.0, 2.0, 2.0)[0]
    assert lesson._why(60.0, 1.0, 2.0)[0]


@pytest.mark.parametrize(
    ("gain", "oldest_s", "promise_s", "why"),
    [
        (19.9, 1.0, 1.5, "too slow"),
        (60.0, 2.1, 3.0, "too old"),
        (60.0, 1.1, 1.0, "was broken"),
        (60.0, 0.6, 1.5, "says little"),
    ],
)
def test_each_shortfall_is_told_apart(gain: float, oldest_s: float, promise_s: float, why: str) -> None:
    passed, said = lesson._why(gain, oldest_s, promise_s)
    assert not passed
    assert why in said


@pytest.mark.parametrize(("batch_s", "row_s"), [(1e-3, 4e-6), (2e-4, 1e-5)])
def test_the_fixed_cost_and_that_of_a_row_are_found_again(batch_s: float, row_s: float) -> None:
    rates = {size: [1 / (batch_s / size + row_s)] for size in lesson.SIZES}
    facts = lesson._facts(lesson._Speed(rates, [1.0]), lesson._Ages((), 1.0, [0.5]))
    assert facts["per_batch"] == f"{batch_s * 1e3:.2g} ms"
    assert facts["per_row"] == f"{row_s * 1e6:.2g} µs"


def test_the_worked_example_follows_from_its_two_costs() -> None:
    """1 ms a batch and 4 µs a row, as the text has it."""
    rate = {size: size / (1e-3 + size * 4e-6) for size in (10, 100, 1_000)}
    assert round(rate[10], -2) == 9_600
    assert round(rate[100], -3) == 71_000
    assert round(rate[100] / rate[10], 1) == 7.4
    assert rate[1_000] == pytest.approx(200_000)
    assert 10_000_000 / rate[10] / 60 == pytest.approx(17.3, abs=0.1)
