"""Progress: what a learner did leads to where they stand, whatever tabs, reloads and restarts come between."""

import json
from pathlib import Path

import pytest

from data.errors import InvalidValue
from data.estimate import Estimate
from data.store.learning import LearningStore
from lessons.catalogue import catalogue
from lessons.contract import Verdict
from lessons.progress import Journal, LessonState, Predicted, course_state, lesson_state, next_lesson
from lessons.progress.export import export
from lessons.record import Outcome, Plot, Record, Series
from lessons.retrieval import questions_for

SLUG = "08_load_and_tails"
TEXTS = list(catalogue().texts.values())


def record(value: float = 216.0, seed: int = 1) -> Record:
    plot = Plot("x", "y", (Series("one", [1.0], [value]),), "One point, for a test of what is kept of a run.")
    figures = {"p99": Estimate(value, value - 10, value + 10, 1_000, "ms")}
    return Record({"rate_rps": 80}, seed, "simulated", figures, {"p99": "p99"}, plot, Outcome(3, "p99"), "Simulated")


@pytest.fixture
def store(home: Path) -> LearningStore:  # noqa: ARG001
    return LearningStore()


@pytest.fixture
def journal(store: LearningStore) -> Journal:
    return Journal(store, "a browser", SLUG)


def test_nothing_done_is_nothing_known(journal: Journal) -> None:
    assert journal.state() == LessonState()
    assert journal.learner is None


def test_a_lesson_step_by_step(journal: Journal) -> None:
    assert journal.state().next_step == "worked"
    journal.answered("worked", 20, True)
    journal.predicted(Predicted(2, 150, 70))
    assert not journal.state().locked
    journal.ran(record())
    assert journal.state().locked
    journal.answered("explained", 1, False)
    assert journal.state().next_step == "explained"
    journal.answered("explained", 0, True)
    explained = journal.state().explained
    assert explained is not None
    assert (explained.right, explained.tries) == (True, 2)
    journal.checked(record(), Verdict(False, "216 ms", "100 ms", "too slow"))
    assert journal.state().next_step == "challenged"
    journal.checked(record(90), Verdict(True, "90 ms", "100 ms", "quick enough"))
    journal.answered("transferred", 1, True)
    state = journal.state()
    assert state.done
    assert state.share == 1
    assert state.evidence is not None
    assert state.evidence["measured"] == "90 ms"
    assert state.evidence["settings"] == {"rate_rps": 80}


def test_run_comes_after_the_prediction_and_locks_it(journal: Journal) -> None:
    with pytest.raises(InvalidValue, match="predict first"):
        journal.ran(record())
    journal.predicted(Predicted(0, 1, 50))
    journal.predicted(Predicted(2, 150, 70))
    journal.ran(record())
    with pytest.raises(InvalidValue, match="comes after the run"):
        journal.predicted(Predicted(3, 216, 100))
    assert journal.state().predicted == Predicted(2, 150, 70)


def test_two_tabs_cannot_change_a_locked_prediction(store: LearningStore) -> None:
    """A tab that still shows the form writes after the other has run: what was locked stays."""
    one = Journal(store, "a browser", SLUG)
    one.predicted(Predicted(2, 150, 70))
    one.ran(record())
    code = store.enter("a browser").code
    store.add(code, SLUG, "predicted", Predicted(3, 216, 100).to_dict())
    assert one.state().predicted == Predicted(2, 150, 70)


def test_the_prediction_stays_about_the_first_run(journal: Journal) -> None:
    journal.predicted(Predicted(2, 150, 70))
    journal.ran(record(216, seed=1))
    journal.ran(record(99, seed=2))
    state = journal.state()
    assert state.first_run is not None
    assert state.run is not None
    assert (state.first_run["seed"], state.run["seed"], state.runs) == (1, 2, 2)
    assert Record.from_dict(state.run).figures["p99"] == record(99).figures["p99"]


def test_starting_over_keeps_what_was_met(journal: Journal) -> None:
    journal.predicted(Predicted(2, 150, 70))
    journal.ran(record())
    journal.checked(record(), Verdict(True, "m", "r", "w"))
    journal.restarted()
    state = journal.state()
    assert state.steps == ("challenged",)
    assert not state.locked
    assert state.evidence is not None


def test_another_browser_sees_nothing_of_it(store: LearningStore, journal: Journal) -> None:
    journal.answered("worked", 20, True)
    assert Journal(store, "another browser", SLUG).state() == LessonState()


def test_an_unknown_event_only_says_that_somebody_was_there(store: LearningStore, journal: Journal) -> None:
    journal.opened()
    store.add(store.enter("a browser").code, SLUG, "waved", {"by": "hand"})
    state = journal.state()
    assert state.opened_at
    assert state.steps == ()


def test_go_on_with_what_was_left_else_with_what_is_ready(store: LearningStore) -> None:
    assert next_lesson({}, TEXTS) == TEXTS[0].slug
    Journal(store, "b", SLUG).answered("worked", 20, True)
    state = course_state(store.events(store.enter("b").code))
    assert next_lesson(state, TEXTS) == SLUG
    done = _whole(store)
    assert next_lesson({text.slug: done for text in TEXTS}, TEXTS) == ""
    assert next_lesson({TEXTS[0].slug: done}, TEXTS) != TEXTS[0].slug


def _whole(store: LearningStore) -> LessonState:
    whole = Journal(store, "whole", SLUG)
    whole.answered("worked", 20, True)
    whole.predicted(Predicted(2, 150, 70))
    whole.ran(record())
    whole.answered("explained", 0, True)
    whole.checked(record(), Verdict(True, "m", "r", "w"))
    whole.answered("transferred", 1, True)
    assert whole.state().done
    return whole.state()


def test_the_first_lesson_asks_nothing_and_later_ones_two() -> None:
    assert questions_for(TEXTS[0], TEXTS, {}) == ()
    last = TEXTS[-1]
    asked = questions_for(last, TEXTS, {})
    assert len(asked) == 2
    assert len({one.text.slug for one in asked}) == 2, "from two lessons where there are two"
    assert all(one.text.slug < last.slug for one in asked)


def test_a_question_answered_wrong_comes_back_and_an_answered_one_stays(store: LearningStore) -> None:
    last, met = TEXTS[-1], TEXTS[0]
    journal = Journal(store, "b", TEXTS[1].slug)
    journal.answered("retrieval", 1, False, f"{met.slug}/0")
    Journal(store, "b", met.slug).opened()
    state = course_state(store.events(store.enter("b").code))
    assert f"{met.slug}/0" in [one.name for one in questions_for(last, TEXTS, state)]
    before = [one.name for one in questions_for(last, TEXTS, state)]
    Journal(store, "b", last.slug).answered("retrieval", 0, True, before[0])
    state = course_state(store.events(store.enter("b").code))
    assert before[0] in [one.name for one in questions_for(last, TEXTS, state)]


def test_the_export_holds_everything(store: LearningStore, journal: Journal) -> None:
    journal.predicted(Predicted(2, 150, 70))
    journal.ran(record())
    journal.checked(record(), Verdict(True, "m", "r", "w"))
    journal.wrote("when nobody comes at random")
    learner = store.enter("a browser")
    found = json.loads(export(learner, store.events(learner.code)))
    assert found["learner"]["code"] == learner.code
    lesson = found["lessons"][SLUG]
    assert lesson["predicted"] == {"direction": 2, "number": 150, "confidence": 70}
    assert lesson["evidence"]["figures"]["p99"]["n"] == 1_000
    assert lesson["words"] == "when nobody comes at random"
    assert [event["kind"] for event in found["events"]] == ["predicted", "ran", "checked", "transferred"]
    again = lesson_state(store.events(learner.code, SLUG))
    assert again.evidence == lesson["evidence"]
