"""What lesson 8 claims, against queueing theory, over twenty seeds."""

import math

import pytest

from data.estimate import Estimate
from lessons.catalogue import experiment
from lessons.record import Record

SEEDS = range(20)
CAPACITY_RPS = 100


def theory_ms(rate_rps: float) -> float:
    """p99 of the latency of an M/M/1 queue, which is exponential with rate μ - λ."""
    return math.log(100) / (CAPACITY_RPS - rate_rps) * 1e3


@pytest.fixture(scope="module")
def runs() -> list[Record]:
    lesson = experiment("08_load_and_tails")
    settings = {**lesson.setup(), "duration_s": 300}
    return [lesson.run(settings, seed=seed, progress=lambda *_: None, cancelled=lambda: False) for seed in SEEDS]


def figure(record: Record, name: str) -> Estimate:
    found = record.figures[name]
    assert isinstance(found, Estimate)
    return found


@pytest.mark.parametrize(("name", "rate_rps"), [("p99", 80), ("p99_half", 40)])
def test_the_intervals_cover_what_theory_says(runs: list[Record], name: str, rate_rps: float) -> None:
    covered = sum(figure(run, name).low <= theory_ms(rate_rps) <= figure(run, name).high for run in runs)
    assert covered >= 15, "95% intervals of 20 runs: fewer than 15 happens once in 3,000 times"
    mean_ms = sum(figure(run, name).value for run in runs) / len(runs)
    assert mean_ms == pytest.approx(theory_ms(rate_rps), rel=0.1)


def test_p99_more_than_doubles_every_time_and_the_tester_misses_it(runs: list[Record]) -> None:
    assert all(run.outcome.direction == 3 for run in runs)
    assert all(figure(run, "gap").low > 0 for run in runs)
    assert all(figure(run, "throughput_tester").value < figure(run, "throughput").value for run in runs)


def test_the_tester_with_more_users_comes_closer_to_the_truth() -> None:
    lesson = experiment("08_load_and_tails")
    gaps = []
    for users in (2, 32):
        settings = {**lesson.setup(), "users": users, "duration_s": 300}
        found = lesson.run(settings, seed=1, progress=lambda *_: None, cancelled=lambda: False)
        gaps.append(figure(found, "gap").value)
    assert gaps[1] < 0.6 * gaps[0]


def test_a_check_asks_for_the_highest_load(runs: list[Record]) -> None:
    lesson = experiment("08_load_and_tails")
    low = lesson.run({**lesson.setup(), "rate_rps": 20}, seed=1, progress=lambda *_: None, cancelled=lambda: False)
    verdict = lesson.check(low)
    assert not verdict.passed
    assert "Go higher" in verdict.why
    assert "Lower it" in lesson.check(runs[0]).why
