"""Learners, classes and what learners did: kept through restarts, never overwritten, visible by code alone."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.errors import InvalidValue
from data.store.learning import LearningStore, new_code, normal


def test_a_browser_finds_its_learner_again(database: str) -> None:
    assert LearningStore(database).known("a browser") is None
    ada = LearningStore(database).enter("a browser")
    assert LearningStore(database).enter("a browser") == ada
    assert LearningStore(database).known("another browser") is None


def test_a_code_goes_on_elsewhere_however_it_is_written(database: str) -> None:
    store = LearningStore(database)
    ada = store.enter("school")
    store.add(ada.code, "08", "opened")
    at_home = store.sit("home", f" {ada.code.lower().replace('-', ' ')} ")
    assert at_home == ada
    assert [event.kind for event in store.events(store.enter("home").code)] == ["opened"]
    with pytest.raises(InvalidValue, match="belongs to nobody"):
        store.sit("home", new_code())


def test_events_only_grow_and_come_in_order(database: str) -> None:
    store = LearningStore(database)
    ada, eve = store.enter("a").code, store.enter("b").code
    for i in range(20):
        store.add(ada, "08" if i % 2 else "01", "ran", {"i": i, "nested": {"value": [1.5, None, "ü"]}})
    store.add(eve, "08", "ran", {"i": 99})
    assert [event.data["i"] for event in store.events(ada)] == list(range(20))
    assert [event.data["i"] for event in store.events(ada, "08")] == list(range(1, 20, 2))
    assert store.events(ada)[0].data["nested"] == {"value": [1.5, None, "ü"]}
    assert len(store.events_of([ada, eve])) == 21


def test_two_tabs_that_begin_at_once_are_one_learner(database: str) -> None:
    LearningStore(database)
    with ThreadPoolExecutor(8) as pool:
        codes = set(pool.map(lambda _: LearningStore(database).enter("one browser").code, range(16)))
    assert len(codes) == 1


def test_tabs_that_write_at_once_lose_nothing(database: str) -> None:
    store = LearningStore(database)
    ada = store.enter("a").code
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: LearningStore(database).add(ada, "08", "ran", {"i": i}), range(40)))
    assert sorted(event.data["i"] for event in store.events(ada)) == list(range(40))


def test_a_class_gathers_those_who_joined_it(database: str) -> None:
    store = LearningStore(database)
    room = store.open_class("  Big data,\n Monday ")
    assert store.classes() == [room]
    assert room.title == "Big data, Monday"
    ada, eve = store.enter("a"), store.enter("b")
    store.enrol(ada.code, room.code.lower())
    store.rename(ada.code, "Ada")
    (found,) = store.learners(room.code)
    assert (found.code, found.name, found.class_code) == (ada.code, "Ada", room.code)
    with pytest.raises(InvalidValue, match="is no class here"):
        store.enrol(eve.code, "NONE-SUCH")
    store.enrol(ada.code, "")
    assert store.learners(room.code) == []


def test_forgetting_one_leaves_the_others(database: str) -> None:
    store = LearningStore(database)
    ada, eve = store.enter("a").code, store.enter("b").code
    for who in (ada, ada, eve):
        store.add(who, "08", "opened")
    assert store.forget([ada]) == 2
    assert (len(store.events(ada)), len(store.events(eve))) == (0, 1)


def test_what_was_done_survives_the_process(home: Path) -> None:  # noqa: ARG001 - the other process finds it too
    code = "from data.store.learning import LearningStore as S; s = S(); s.add(s.enter('b').code, '01', 'opened')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    store = LearningStore()
    assert [event.lesson for event in store.events(store.enter("b").code)] == ["01"]


@pytest.mark.parametrize("text", ["", " ", "--", "\0", "'; drop table learners", "🐙" * 50, "x" * 10_000])
def test_nonsense_is_no_code(home: Path, text: str) -> None:  # noqa: ARG001
    assert len(normal(text)) <= 16
    with pytest.raises(InvalidValue):
        LearningStore().sit("b", text)
