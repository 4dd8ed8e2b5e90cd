"""What a model gets wrong, learned at some loads and made up for at others: known errors, and mere chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulators.fidelity.discrepancy import Discrepancy, corrected, learned
from simulators.fidelity.figures import PERCENTS, Run

LEVELS = 6


def _run(latency_ms: NDArray[np.float64]) -> Run:
    figures = {name: float(np.percentile(latency_ms, p)) for name, p in PERCENTS.items()} if len(latency_ms) else {}
    return Run(latency_ms, figures | {"throughput_rps": 7.0})


def _some(seed: int, times: float = 1.0, n: int = 4_000) -> Run:
    return _run(np.random.default_rng(seed).lognormal(0.0, 1.0, n) * times)


def test_an_error_that_grows_with_the_load_is_made_up_for_at_the_loads_between() -> None:
    wrong = {0.2: 1.5, 0.6: 0.8}
    known = learned({load: [(_some(seed), _some(seed, times)) for seed in range(4)] for load, times in wrong.items()})
    assert known is not None
    truth, said = _some(9), _some(9, float(np.sqrt(1.5 * 0.8)))  # half-way, by logarithms
    better = corrected(said, known.at(0.4))
    for name in PERCENTS:
        assert better.figures[name] == pytest.approx(truth.figures[name], rel=1e-6)
    assert better.figures["throughput_rps"] == 7.0
    assert known.at(0.1) == pytest.approx(known.at(0.2))
    assert known.at(0.9) == pytest.approx(known.at(0.6))


def test_chance_is_not_made_up_for() -> None:
    """Repetitions that differ by half from a model that is right: hardly any of that is believed."""
    rng = np.random.default_rng(3)
    seen = {
        load: [(_some(i, float(np.exp(rng.normal(0, 0.5)))), _some(i)) for i in range(8)]
        for load in np.linspace(0.1, 0.9, 40).tolist()
    }
    known = learned(seen)
    assert known is not None
    medians = [
        np.median([np.log(a.figures["p50_ms"] / b.figures["p50_ms"]) for a, b in pairs]) for pairs in seen.values()
    ]
    assert np.abs(known.logs[:, 1]).mean() < 0.35 * np.abs(medians).mean()


def test_who_is_answered_by_nobody_teaches_nothing() -> None:
    nobody = _run(np.empty(0))
    assert learned({}) is None
    assert learned({0.5: [(nobody, _some(1)), (_some(1), nobody)]}) is None
    known = learned({0.3: [(nobody, _some(1))], 0.5: [(_some(1), _some(1))]})
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
    same = corrected(run, Discrepancy(np.array([0.5]), np.zeros((1, LEVELS))).at(0.5))
    assert same.latency_ms == pytest.approx(run.latency_ms)
    assert same.figures == pytest.approx(run.figures)
