"""Streaming: the bookkeeping of the trial, each shortfall told apart, and the table's cells from what was found."""

import importlib
from typing import Any

import numpy as np
import pytest

from data.trace import Status
from lessons.catalogue import experiment
from lessons.experiments._patterns import Pattern, observe
from lessons.experiments._stream_trial import CALM, Trial
from lessons.record import Outcome, Plot, Record, Series, exact
from strategies.packaging.package import ModelPackage
from strategies.survey.parts import Parts

lesson = importlib.import_module("lessons.experiments.07_streaming")


def trial(**changed: Any) -> Trial:
    """Five requests at 0, 1, 2, 3 and 4 s, all answered after 0.5 s; the consumer is killed at 2 s."""
    found = Trial(
        sent_s=[0.0, 1.0, 2.0, 3.0, 4.0], waited_s=dict.fromkeys(range(5), 0.5), killed_s=2.0, published_s=3.0
    )
    for name, value in changed.items():
        setattr(found, name, value)
    return found


def test_all_answered() -> None:
    found = trial(lag=[(0.0, 1, 0), (5.0, 0, 0)])
    assert found.lost == ()
    assert found.open == 0
    assert found.longest_s == 0.5
    assert found.recovered_s == 0.0
    assert lesson._direction(found) == 3


def test_refused_and_never_answered_are_lost_and_do_not_count_as_waits() -> None:
    found = trial(failed={1: Status.REJECTED}, waited_s={0: 0.5, 1: 9.0, 2: 0.7, 3: 0.5})
    assert found.lost == (1, 4)
    assert found.open == 1
    assert found.longest_s == 0.7


@pytest.mark.parametrize(("lost", "direction"), [((0, 1, 3), 1), ((2, 3), 0), ((2, 3, 4), 2)])
def test_the_direction_is_when_most_of_the_lost_were_sent(lost: tuple[int, ...], direction: int) -> None:
    assert lesson._direction(trial(failed=dict.fromkeys(lost, Status.ERROR))) == direction


def test_recovery_counts_from_the_killing_to_the_last_crowded_moment() -> None:
    crowded = CALM + 1
    found = trial(lag=[(1.0, crowded, 0), (2.5, crowded, 0), (3.0, CALM, 0), (3.5, crowded, 0), (4.0, 0, 0)])
    assert found.recovered_s == 1.5
    never = trial(sent_s=[0.0] * (CALM + 6), lag=[(2.5, crowded, 0)])
    assert never.recovered_s is None


def _verdict(**changed: Any) -> Any:
    facts = {"twice": 0, "drained": True, "filled": 4}
    figures = {
        "unanswered": exact(changed.pop("unanswered", 0), "requests"), "longest": exact(changed.pop("longest", 2), "s")
    }  # fmt: skip
    settings = {"queue": changed.pop("queue", 5_000), "consumers": 1, "table": True}
    record = Record(
        settings=settings, seed=1, origin="measured", figures=figures, labels={}, provenance="",
        outcome=Outcome(0, "unanswered"), plot=Plot("x", "y", (Series("s", [1.0], [1.0]),), "none"),
        facts={**facts, **changed},
    )  # fmt: skip
    return experiment("07_streaming").check(record)


def test_everything_kept_within_the_budget_passes() -> None:
    assert _verdict().passed


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"unanswered": 1}, "had no room for"),
        ({"twice": 1}, "answered twice"),
        ({"longest": 30.1}, "came too late"),
        ({"drained": False}, "came too late"),
        ({"queue": 6_000}, "more room than the budget"),
        ({"filled": 1}, "run the other patterns"),
    ],
)
def test_each_shortfall_is_told_apart(changed: dict[str, Any], why: str) -> None:
    verdict = _verdict(**changed)
    assert not verdict.passed
    assert why in verdict.why


def test_the_model_in_the_application_is_seen_as_what_it_is(tumour_forest: ModelPackage) -> None:
    row = np.zeros((1, 30), np.float32)
    found = observe("embedded", tumour_forest, tumour_forest, row, lambda: None)
    assert found.on_the_fly
    assert found.update_s is None
    assert found.parts.brokers == 0
    assert found.parts.stores == ()
    assert 0 < found.latency_ms < 10_000


def test_a_cell_says_how_the_answer_travelled() -> None:
    def seen(ports: int, stores: tuple[str, ...], brokers: int, on_the_fly: bool = True) -> tuple[str, ...]:
        parts = Parts(("application",), 2, ports, stores, brokers)
        return tuple(lesson._seen(Pattern(parts, on_the_fly, 1.5, 0.25)))

    assert seen(0, (), 0)[1] == "a function's return value"
    assert seen(1, (), 0)[1] == "through 1 port"
    assert seen(0, ("job: folder",), 0, on_the_fly=False)[:3] == (
        "in a job over all that waits", "through 1 folder of files", "1.50 ms, and the wait for a job",
    )  # fmt: skip
    assert seen(1, ("a", "b"), 1)[1:] == (
        "through 1 broker, 2 stores", "1.50 ms", "7 things to run", "no: answers after 0.250 s",
    )  # fmt: skip
