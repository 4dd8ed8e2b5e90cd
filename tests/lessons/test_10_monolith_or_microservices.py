"""Lesson 10: its claims hold over seeds, and parts compose as the text says."""

from importlib import import_module
from typing import Any

import pytest

from lessons.record import Record

lesson: Any = import_module("lessons.experiments.10_monolith_or_microservices")
EXPERIMENT = lesson.MonolithOrMicroservices()


def run(seed: int, **settings: float) -> Record:
    chosen = EXPERIMENT.setup() | settings
    record: Record = EXPERIMENT.run(chosen, seed=seed, progress=lambda *_: None, cancelled=lambda: False)
    return record


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "DURATION_S", 120.0)


@pytest.mark.usefixtures("short")
def test_calls_make_the_services_slower_over_20_seeds() -> None:
    for seed in range(20):
        found = run(seed).figures
        assert found["p99_whole"].high < found["p99_apart"].low < 2 * found["p99_whole"].low
        assert found["p50_whole"].high < found["p50_apart"].low


@pytest.mark.parametrize("seed", [1, 2])
def test_the_solution_passes_with_other_seeds(seed: int) -> None:
    assert EXPERIMENT.check(run(seed, **EXPERIMENT.solve(seed))).passed


def test_means_add_and_shares_multiply() -> None:
    (rows,) = run(5, crashes=60).tables.values()
    *parts, composed, simulated = rows
    assert sum(part["ms"] for part in parts) == pytest.approx(composed["ms"])
    assert 1.0 < simulated["ms"] / composed["ms"] < 1.1, "little waiting at this load"
    assert _share(simulated) == pytest.approx(_share(composed), abs=0.0005)
    assert _share(simulated) < 0.995, "it crashed"


def test_a_heavier_model_overloads_its_own_processes_only() -> None:
    found = run(5, model_times=3.0)
    # 3 · 5 ms of work and 0.4 ms of being called, 120 times a second, on two processes.
    assert float(found.facts["busy_model"].rstrip("%")) == pytest.approx(100 * 120 * 0.0154 / 2, abs=2)
    assert found.figures["kept_apart"].high < found.figures["kept_whole"].low
    assert not EXPERIMENT.check(found).passed


def _share(row: Any) -> float:
    return float(row["answers"].rstrip("%")) / 100
