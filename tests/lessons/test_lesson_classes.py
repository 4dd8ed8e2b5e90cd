"""Teaching a class: order and deadlines, who is where, exports and handouts."""

import csv
import html.parser
import io
import json
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from data.errors import InvalidFile
from data.store.learning import LearningStore
from lessons.catalogue import catalogue
from lessons.classes import read_course, roster, roster_csv, statements
from lessons.classes.course import parse_course
from lessons.classes.roster import COLUMNS, why_stuck
from lessons.contract import Verdict
from lessons.handout import handout
from lessons.progress import Journal, Predicted
from tests.lessons.test_lesson_progress import record

TEXTS = catalogue().texts
KNOWN = list(TEXTS)
SLUG = "08_load_and_tails"


# -- the course -------------------------------------------------------------------------------------------------------


def test_a_course_orders_lessons_and_sets_deadlines(tmp_path: Path) -> None:
    first, second = KNOWN[-1], KNOWN[0]
    path = tmp_path / "course.toml"
    path.write_text(f'[[lesson]]\nname = "{first}"\ndue = 2026-12-01\n\n[[lesson]]\nname = "{second}"\n')
    course = read_course(KNOWN, path)
    assert course.due == {first: date(2026, 12, 1)}
    arranged = [text.slug for text in course.arranged(TEXTS)]
    assert arranged[:2] == [first, second]
    assert sorted(arranged) == sorted(KNOWN)
    assert read_course(KNOWN, tmp_path / "none").arranged(TEXTS) == list(TEXTS.values())


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("[[lesson]]\nname = ", 2, "is not TOML"),
        ('[[lesson]]\nname = "x"', 1, "is none of the lessons"),
        ('\n[[lesson]]\nname = "08_load_and_tails"\ndue = "soon"', 2, "must be a date"),
        ('[[lesson]]\nname = "08_load_and_tails"\nroom = 3', 1, "is not known here"),
        ('[[lesson]]\nname = "08_load_and_tails"\n[[lesson]]\nname = "08_load_and_tails"', 3, "is named twice"),
        ("lessons = 3", 1, "must hold [[lesson]]"),
    ],
)
def test_a_wrong_course_names_its_line(text: str, line: int, rule: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_course(text, KNOWN)
    assert caught.value.problems[0].line == line
    assert rule in caught.value.problems[0].rule


# -- who is where -----------------------------------------------------------------------------------------------------


@pytest.fixture
def room(home: Path) -> tuple[LearningStore, str]:  # noqa: ARG001
    """A class of three: one done with the challenge, one who guesses at the mechanism, one who did nothing."""
    store = LearningStore()
    code = store.open_class("Monday").code
    for name in ("Ada", "=HYPERLINK(1)", "Eve"):
        learner = store.enter(name)
        store.enrol(learner.code, code)
        store.rename(learner.code, name)
    ada, bob = Journal(store, "Ada", SLUG), Journal(store, "=HYPERLINK(1)", SLUG)
    for journal in (ada, bob):
        journal.opened()
        journal.predicted(Predicted(2, 150, 70))
        journal.ran(record())
    ada.answered("explained", 0, True)
    ada.checked(record(90), Verdict(True, "90 ms", "100 ms", "quick enough"))
    for wrong in (1, 2, 1):
        bob.answered("explained", wrong, False)
    return store, code


def test_those_who_are_stuck_come_first(room: tuple[LearningStore, str]) -> None:
    store, code = room
    learners = store.learners(code)
    places = roster(learners, store.events_of([learner.code for learner in learners]))
    assert [place.learner.name for place in places] == ["=HYPERLINK(1)", "Ada", "Eve"]
    assert "3 wrong mechanisms" in places[0].stuck
    assert places[0].current == SLUG
    assert places[2].current == ""


def test_who_fell_silent_may_be_stuck(room: tuple[LearningStore, str]) -> None:
    store, _code = room
    state = Journal(store, "Ada", SLUG).state()
    now = datetime.now(UTC)
    assert why_stuck(state, now) == ""
    assert "quiet for 20 minutes before" in why_stuck(state, now + timedelta(minutes=20))
    assert why_stuck(state, now + timedelta(days=3)) == ""


def test_the_csv_parses_and_no_name_is_a_formula(room: tuple[LearningStore, str]) -> None:
    store, code = room
    learners = store.learners(code)
    places = roster(learners, store.events_of([learner.code for learner in learners]))
    rows = list(csv.DictReader(io.StringIO(roster_csv(places, list(TEXTS.values())))))
    assert tuple(rows[0]) == COLUMNS
    assert {row["name"] for row in rows} == {"Ada", "'=HYPERLINK(1)"}
    ada = next(row for row in rows if row["name"] == "Ada")
    assert (ada["lesson"], ada["runs"], ada["predicted"], ada["confidence_percent"]) == (SLUG, "1", "150.0", "70")
    assert ada["challenge_met_at"]


def test_xapi_statements_have_what_a_record_store_asks_for(room: tuple[LearningStore, str]) -> None:
    store, code = room
    events = store.events_of([learner.code for learner in store.learners(code)])
    found = [json.loads(line) for line in statements(events, TEXTS, {}).splitlines()]
    assert len(found) == len(events)
    assert len({one["id"] for one in found}) == len(found)
    for one in found:
        uuid.UUID(one["id"])
        assert one["actor"]["account"]["homePage"].startswith("https://")
        assert re.match(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$", one["actor"]["account"]["name"])
        assert one["verb"]["id"].startswith("http://adlnet.gov/expapi/verbs/")
        assert one["object"]["id"].startswith(f"urn:drydock:lesson:{SLUG}")
        datetime.fromisoformat(one["timestamp"])
        assert "name" not in one["actor"]
    verbs = {one["verb"]["display"]["en"] for one in found}
    assert {"initialized", "responded", "interacted", "answered", "passed"} <= verbs
    (passed,) = [one for one in found if one["verb"]["display"]["en"] == "passed"]
    assert passed["result"] == {"success": True, "response": "90 ms (required: 100 ms)"}


# -- handouts ---------------------------------------------------------------------------------------------------------


class _Reader(html.parser.HTMLParser):
    """Notes tags that were not closed and anything fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name == "src" or (name == "href" and tag != "a")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("slug", KNOWN)
@pytest.mark.parametrize("answers", [False, True])
def test_a_handout_is_whole_and_keeps_answers_to_whom_they_are_for(slug: str, answers: bool) -> None:
    text = TEXTS[slug]
    page = handout(text, answers=answers)
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.fetched == []
    assert "<svg" in page
    assert ('class="answer"' in page) is answers
    assert ("Notes for the instructor" in reader.text) is answers
    assert ("☒" in reader.text) is answers
