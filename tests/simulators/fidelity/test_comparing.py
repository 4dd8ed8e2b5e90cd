"""Runs as cells: their median, noise that is the machine's alone, and a floor below which nobody gets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.fidelity.comparing import Place, Told, cell_of, middles
from simulators.fidelity.figures import Run, run_of

ABOUT: Place = ("s", "api", "process", 0.5, 500.0, "poisson")


def _run(middle_ms: float, n: int = 2_001) -> Run:
    at_s = np.linspace(0.0, 2.0, n)
    took_s = middle_ms / 1e3 * np.linspace(0.5, 1.5, n)
    columns = {"scheduled_s": at_s, "end_s": at_s + took_s, "status": np.zeros(n), "cold": np.zeros(n)}
    return run_of(columns, 2.0, 0.1)


def _told(*middles_ms: list[float]) -> Told:
    return {(0, seed): [_run(middle_ms) for middle_ms in mine] for seed, mine in enumerate(middles_ms)}


def test_a_cell_is_the_median_of_its_runs() -> None:
    told = _told([1.0] * 3, [2.0], [3.0] * 3)
    assert middles(told)["p50_ms"] == pytest.approx(2.0)
    cell = cell_of(ABOUT, "p50_ms", told, _told([2.2]))
    assert cell.error == pytest.approx(0.1)
    assert (cell.runs, cell.n) == (7, 7 * 2_001)
    assert cell.measured_low is not None
    assert cell.measured_high is not None
    assert cell.measured_low < 1.01 < 2.99 < cell.measured_high


def test_noise_is_between_runs_with_the_same_arrivals() -> None:
    apart = cell_of(ABOUT, "p50_ms", _told([1.0, 1.0], [2.0, 2.0], [3.0]), _told([2.0]))
    assert (apart.noise, apart.floor) == (0, 0)
    scattered = cell_of(ABOUT, "p50_ms", _told([1.0, 1.2], [2.0, 2.4]), _told([2.0]))
    assert scattered.noise == pytest.approx(np.median([0.2, 0.4]) / np.median([1.0, 1.2, 2.0, 2.4]), rel=1e-6)


def test_the_floor_is_how_far_off_whoever_knows_the_medians_is() -> None:
    """Against drawing such machines over and over: scatter of a tenth, nine groups of three runs, about as long."""
    random = np.random.default_rng(5)
    drawn = 1 + random.normal(0, 0.1, (2_000, 9, 3))
    off = np.median(np.abs(np.median(drawn.reshape(-1, 27), axis=1) - 1))
    floors = []
    for machine in drawn[:40]:
        told = _told(*machine.tolist())
        floors.append(cell_of(ABOUT, "p50_ms", told, told).floor)
    assert 0.75 * off < np.median(floors) < 1.3 * off


@given(st.lists(st.lists(st.floats(0.5, 50), min_size=1, max_size=4), min_size=1, max_size=5))
def test_a_perfect_prediction_has_no_error(middles_ms: list[list[float]]) -> None:
    told = _told(*middles_ms)
    for figure in ("p50_ms", "p95_ms", "throughput_rps", "cpu_s_per_s", "cold_share"):
        cell = cell_of(ABOUT, figure, told, told)
        assert not cell.error
        assert cell.noise >= 0
        assert cell.floor >= 0
