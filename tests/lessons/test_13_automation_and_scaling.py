"""Lesson 13: its claims hold over seeds, and its feature is what was known, by hand."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lessons.experiments._late_flights import RECENT, hourly_delays, late_flights
from strategies.features import FeatureStore

lesson: Any = import_module("lessons.experiments.13_automation_and_scaling")
EXPERIMENT = lesson.AutomationAndScaling()


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """The model in service, by the way in which its features were joined; each is trained once."""
    folder = tmp_path_factory.mktemp("features")
    return cache(lambda join: lesson._launch(late_flights(), join, folder / join, 1))


def test_the_feature_is_what_had_left_by_then(tmp_path: Path) -> None:
    flights = late_flights()
    store = FeatureStore(tmp_path)
    store.add(RECENT, hourly_delays(flights.table))
    asked = flights.table.iloc[np.random.default_rng(1).choice(len(flights.table), 60, replace=False)]
    found = store.at(RECENT, asked, "scheduled_departure")["recent_delay_min"]
    table = flights.table
    left = table["scheduled_departure"] + pd.to_timedelta(table["departure_delay_min"], unit="min")
    for (_, flight), value in zip(asked.iterrows(), found, strict=True):
        over = flight["scheduled_departure"].floor("h")
        gone = (table["origin"] == flight["origin"]) & (left <= over)
        last = left[gone].max().ceil("h")  # the newest hour in which anything left
        hour = table[gone & (left > last - pd.Timedelta(hours=1))]
        assert value == pytest.approx(hour["departure_delay_min"].mean())


def test_knowledge_of_the_afternoon_is_missed_live(launched: Callable[[str], Any]) -> None:
    leaky, honest = launched("day"), launched("then")
    assert leaky.skew.differ > 0.99 * leaky.skew.n
    assert leaky.live.high < leaky.offline.low - 0.01
    assert honest.skew.differ == 0
    assert honest.live == honest.offline


def test_the_solution_finds_the_drift_in_time_over_20_seeds(launched: Callable[[str], Any]) -> None:
    from lessons.experiments._late_flights import probability
    from lessons.experiments._watching_weeks import watch

    live, flights = launched("then"), late_flights()
    answers = probability(live.model, live.x)
    limit = float(EXPERIMENT.solve(1)["limit"])
    for seed in range(20):
        weeks = watch(flights, answers, "sample", 22, seed)
        assert weeks.first(limit, lesson.DEADLINE_D) is not None
        assert weeks.false(limit, lesson.DEADLINE_D) <= lesson.MOST_FALSE
    inputs = watch(flights, answers, "inputs", 22, 1)
    for limit in np.arange(0.02, 0.31, 0.04):
        assert inputs.false(limit, lesson.DEADLINE_D) > lesson.MOST_FALSE


def test_ranking_is_the_area_under_the_roc_curve() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    late = rng.integers(0, 2, 400)
    answers = np.round(rng.normal(late, 1.5), 1)  # with ties
    found = lesson.ranking(late, answers)
    assert found.value == pytest.approx(roc_auc_score(late, answers))
    assert 0.02 < found.high - found.value < 0.06
