"""Lesson 12: what the check asks for, and that a shadow's answers reach nobody."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from lessons.record import Outcome, Plot, Record, Series, exact
from strategies.releases.choices import make_policy

lesson: Any = import_module("lessons.experiments.12_continuous_delivery")
EXPERIMENT = lesson.ContinuousDelivery()


@pytest.mark.usefixtures("home")
def test_a_shadow_finds_the_fault_and_no_user_sees_an_answer_of_it() -> None:
    settings = EXPERIMENT.setup() | {"policy": "shadow", "watch": "answers"}
    record = EXPERIMENT.run(settings, seed=2, progress=lambda *_: None, cancelled=lambda: False)
    assert record.facts["verdict"] == "roll back", record.facts["reason"]
    assert (record.figures["wrong"].value, record.figures["served"].value, record.facts["leaked"]) == (0, 0, 0)
    assert record.figures["copies"].value > 0
    verdict = EXPERIMENT.check(record)
    assert not verdict.passed, "there is no money for as many servers again"
    assert "as many servers again" in verdict.why


@pytest.mark.parametrize(
    ("facts", "wrong", "extra", "passed"),
    [
        ({"verdict": "roll back"}, 0.02, 0.2, True),
        ({"verdict": "roll back"}, 0.0501, 0.2, False),
        ({"verdict": "roll back"}, 0.02, 1.0, False),
        ({"verdict": "roll back", "leaked": 1}, 0.02, 0.2, False),
        ({"verdict": "promote"}, 0.0, 0.2, False),
        ({"verdict": "hold"}, 0.0, 0.0, False),
    ],
)
def test_the_check_asks_for_verdict_exposure_money_and_secrecy(
    facts: dict[str, Any], wrong: float, extra: float, passed: bool
) -> None:
    record = replace(
        RECORD,
        facts=RECORD.facts | facts,
        figures={"wrong_share": exact(wrong, "share", 600), "extra": exact(extra, "share")},
    )
    assert EXPERIMENT.check(record).passed is passed


@pytest.mark.parametrize("policy", ["basic", "canary", "shadow"])
@pytest.mark.parametrize("watch", ["health", "answers"])
def test_every_choice_is_a_policy(policy: str, watch: str) -> None:
    made = make_policy(lesson.policy_of(EXPERIMENT.setup() | {"policy": policy, "watch": watch}))
    judge = getattr(made, "judge", None)
    assert (judge is None) is (policy == "basic")
    if judge is not None:
        assert len(judge.signals) == (2 if watch == "health" else 5)


RECORD = Record(
    settings=EXPERIMENT.setup(), seed=1, origin="measured", figures={}, labels={}, outcome=Outcome(2, "wrong"),
    plot=Plot("x", "y", (Series("s", [0.0], [0.0]),), "alt"), provenance="measured",
    facts={"verdict": "roll back", "leaked": 0, "reason": "r"},
)  # fmt: skip
