"""What a model gets wrong, learned at some loads and made up for at others: known errors, and mere chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from simulators.fidelity.discrepancy import REACHES, SIZES, Discrepancy, corrected, learned
from simulators.fidelity.figures import PERCENTS, Run

LEVELS = 6


def _run(latency_ms: NDArray[np.float64]) -> Run:
    figures = {name: float(np.percentile(latency_ms, p)) for name, p in PERCENTS.items()} if len(latency_ms) else {}
    return Run(latency_ms, figures | {"throughput_rps": 7.0})


def _some(seed: int, times: float = 1.0, n: int = 4_000) -> Run:
    return _run(np.random.default_rng(seed).lognormal(0.0, 1.0, n) * times)


def test_an_error_that_changes_with_the_load_is_made_up_for_at_the_loads_between() -> None:
    def wrong(load: float) -> float:
        return float(1.5 * np.exp(-0.9 * load))

    loads = (0.1, 0.3, 0.5, 0.7, 0.9)
    known = learned({load: [(_some(seed), [_some(seed, wrong(load))]) for seed in range(4)] for load in loads})
    assert known is not None
    for load in (0.15, 0.4, 0.62, 0.84):
        better, truth = corrected(_some(9, wrong(load)), known.at(load)), _some(9)
        for name in PERCENTS:
            assert better.figures[name] == pytest.approx(truth.figures[name], rel=0.02)
        assert better.figures["throughput_rps"] == 7.0


def test_what_is_believed_is_what_another_gaussian_process_believes() -> None:
    rng = np.random.default_rng(5)
    loads, middle = np.array([0.1, 0.3, 0.5, 0.85]), rng.normal(0, 0.2, (4, LEVELS))
    unsure = rng.uniform(0.05, 0.2, (4, LEVELS)) ** 2
    known = Discrepancy(loads, middle, unsure)
    for level in range(LEVELS):
        others = [
            GaussianProcessRegressor(ConstantKernel(size**2) * RBF(reach), alpha=unsure[:, level], optimizer=None).fit(
                loads[:, None], middle[:, level]
            )
            for size in SIZES
            for reach in REACHES
        ]
        likeliest = max(others, key=lambda other: other.log_marginal_likelihood_value_)
        assert known.at(0.42)[level] == pytest.approx(likeliest.predict([[0.42]])[0], abs=1e-9)


def test_chance_is_not_made_up_for() -> None:
    """Repetitions that differ by half from a model that is right: hardly any of that is believed."""
    rng = np.random.default_rng(3)
    seen = {
        load: [(_some(i, float(np.exp(rng.normal(0, 0.5)))), [_some(i)]) for i in range(8)]
        for load in np.linspace(0.1, 0.9, 40).tolist()
    }
    known = learned(seen)
    assert known is not None
    believed = [known.at(load)[1] for load in seen]
    assert np.abs(believed).mean() < 0.35 * np.abs(known.middle[:, 1]).mean()


def test_a_simulation_that_is_tried_often_leaves_less_to_chance() -> None:
    """Of a model that is right, whose runs are short: what is learned of it is off by less the more it is tried."""
    off = []
    for tries in (1, 9):
        known = learned({0.5: [(_some(seed, n=50_000), [_some(100 + seed * 9 + i, n=200) for i in range(tries)])
                               for seed in range(6)]})  # fmt: skip
        assert known is not None
        off.append(float(np.sqrt(np.mean(known.middle**2))))
    assert off[1] < 0.7 * off[0]


def test_who_is_answered_by_nobody_teaches_nothing() -> None:
    nobody = _run(np.empty(0))
    assert learned({}) is None
    assert learned({0.5: [(nobody, [_some(1)]), (_some(1), [nobody])]}) is None
    known = learned({0.3: [(nobody, [_some(1)])], 0.5: [(_some(1), [_some(1)])]})
    assert known is not None
    assert known.utilisations.tolist() == [0.5]
    assert corrected(nobody, known.at(0.5)).figures == nobody.figures


@settings(max_examples=50, deadline=None)
@given(logs=st.lists(st.floats(-1.5, 1.5), min_size=LEVELS, max_size=LEVELS), seed=st.integers(0, 99))
def test_whoever_was_slower_stays_slower(logs: list[float], seed: int) -> None:
    run = _some(seed, n=300)
    found = corrected(run, np.array(logs)).latency_ms
    assert (np.diff(found[np.argsort(run.latency_ms)]) >= 0).all()
    assert (found > 0).all()
    same = corrected(run, Discrepancy(np.array([0.5]), np.zeros((1, LEVELS)), np.ones((1, LEVELS))).at(0.5))
    assert same.latency_ms == pytest.approx(run.latency_ms)
    assert same.figures == pytest.approx(run.figures)
