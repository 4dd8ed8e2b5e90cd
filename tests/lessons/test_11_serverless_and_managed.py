"""Lesson 11: cold starts follow the formula where it holds, and the break-even is where the bills cross."""

import math
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from data.workloads.poisson import Poisson

lesson: Any = import_module("lessons.experiments.11_serverless_and_managed")
EXPERIMENT = lesson.ServerlessAndManaged()


def test_requests_at_random_start_cold_as_the_formula_says_over_20_seeds() -> None:
    rate_rps = 12 / 3_600
    traffic = Poisson(rate_rps=rate_rps, duration_s=36 * 3_600.0)
    shares = [lesson._run(traffic, seed).cold for seed in range(20)]
    # An instance is kept from the end of its last answer: the gap that ends cold is that much longer.
    expected = math.exp(-rate_rps * (lesson.KEPT_S + lesson.SERVICE_S))
    n = sum(one.n for one in shares)
    mean = sum(one.value * one.n for one in shares) / n
    assert mean == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / n))


def test_a_crowd_starts_cold_whatever_its_average() -> None:
    for seed in range(3):
        flash = lesson._run(lesson.TRAFFIC["flash"], seed).cold
        assert flash.low > 0.1 > math.exp(-lesson.TRAFFIC["flash"].mean_rate_rps * lesson.KEPT_S)


def test_the_bills_cross_where_the_lesson_says() -> None:
    found = lesson.models()
    rate_rps = lesson.break_even_millions() * 1e6 / 3_600 / 730
    for factor, cheaper in ((0.95, "functions"), (1.05, "endpoint")):
        bills = {name: found[name].at(rate_rps * factor).usd() for name in ("functions", "endpoint")}
        assert min(bills, key=lambda name: bills[name]) == cheaper
    rows = {row["how it runs"]: row for row in lesson._bills()}
    function, endpoint = rows["function (AWS Lambda)"], rows["managed endpoint (SageMaker, ml.t2.medium)"]
    saved = Decimal(function["each further million"]) - Decimal(endpoint["each further million"])
    by_hand = Decimal(endpoint["standing idle"]) / saved
    assert float(by_hand) == pytest.approx(lesson.break_even_millions(), rel=0.03), "as the table lets one divide"


def test_both_statements_count() -> None:
    settings = EXPERIMENT.solve(4)
    record = EXPERIMENT.run(settings, seed=4, progress=lambda *_: None, cancelled=lambda: False)
    assert EXPERIMENT.check(record).passed
    for change in ({"cold": 99}, {"even": 30.0}, {"traffic": "night"}):
        assert not EXPERIMENT.check(replace(record, settings={**settings, **change})).passed
