"""What every lesson must satisfy; a new one is found and tested by itself."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from data.errors import Cancelled
from data.estimate import Estimate
from data.estimates import as_text
from lessons.catalogue import FOLDER, catalogue, experiment
from lessons.contract import Experiment, Settings
from lessons.controls import MOST_CONTROLS, as_query, checked
from lessons.coverage import topics, topics_of
from lessons.language import DEFAULT
from lessons.record import Record, quotable
from lessons.texts import LessonText
from lessons.texts.model import ChoiceQuestion

SEED = 20_261
PREDICTED = "1,234 predicted"
FOUND = catalogue()


@dataclass
class Lesson:
    """A lesson, and two runs of its experiment, made once."""

    text: LessonText
    home: Path

    @cached_property
    def experiment(self) -> Experiment:
        return experiment(self.text.slug)

    @cached_property
    def untouched(self) -> Record:
        return self._run(self.experiment.setup())

    @cached_property
    def solved(self) -> Record:
        return self._run(self.experiment.solve(SEED))

    def _run(self, settings: Settings) -> Record:
        told: list[float] = []
        record = self.experiment.run(
            settings, seed=SEED, progress=lambda _stage, share, _message="": told.append(share), cancelled=lambda: False
        )
        assert told, "a run tells how far it is"
        assert all(0 <= share <= 1 for share in told)
        return record


@pytest.fixture(scope="module", params=sorted(FOUND.texts))
def lesson(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRYDOCK_HOME", str(folder))
        yield Lesson(FOUND.texts[request.param], folder)


def test_no_lesson_is_broken() -> None:
    assert FOUND.broken == ()
    assert FOUND.texts


# -- the text ---------------------------------------------------------------------------------------------------------


def test_it_is_neither_a_note_nor_a_book(lesson: Lesson) -> None:
    read = ("scenario", "idea", "worked-example", "prediction", "experiment", "explanation", "challenge")
    words = sum(len(lesson.text.prose[name].split()) for name in read)
    assert 550 <= words <= 1_150, f"{words} words"
    assert all(lesson.text.prose[name] for name in ("scenario", "experiment", "explanation", "challenge", "notes"))
    assert "SLO" in lesson.text.prose["scenario"] or "service level" in lesson.text.prose["scenario"]
    assert 10 <= lesson.text.minutes <= 90
    assert lesson.text.prose["sources"].count("\n- ") + 1 >= 3


def test_it_comes_after_what_it_needs(lesson: Lesson) -> None:
    for name in lesson.text.prerequisites:
        assert name in FOUND.texts
        assert name < lesson.text.slug


def test_it_contains_its_topics(lesson: Lesson) -> None:
    wanted = topics_of(lesson.text.slug)
    assert set(lesson.text.topics) == {topic.name for topic in wanted}
    said = (FOLDER / DEFAULT / f"{lesson.text.slug}.md").read_text().partition("\n+++\n")[2].lower()
    said = re.sub(r"\s+", " ", said)
    missing = [(topic.name, word) for topic in wanted for word in topic.words if word.lower() not in said]
    assert missing == []


def test_it_draws_a_diagram_of_its_own(lesson: Lesson) -> None:
    drawing = lesson.text.diagram
    assert drawing.file == f"{lesson.text.slug}.svg"
    assert len(drawing.alt) >= 40
    text = (FOLDER / DEFAULT / drawing.file).read_text()
    root = ElementTree.fromstring(text)
    assert root.get("viewBox")
    assert not re.search(r"""(href|src)\s*=\s*["'](?!#)|url\((?!#)|<script|@import""", text), "nothing from elsewhere"


def test_later_lessons_can_ask_about_it(lesson: Lesson) -> None:
    assert len(lesson.text.retrieval) >= 2
    for question in lesson.text.retrieval:
        assert question.text
        for option in question.options:
            assert "{" not in option.feedback, "a retrieval question has no run to cite"
            assert option.right or option.misconception


def test_formulas_are_closed_and_nothing_else_is_one(lesson: Lesson) -> None:
    for name, prose in lesson.text.prose.items():
        assert prose.replace("\\$", "").count("$") % 2 == 0, f"an odd number of dollar signs in {name}"


# -- the experiment ---------------------------------------------------------------------------------------------------


def test_its_badge_is_true(lesson: Lesson) -> None:
    assert lesson.text.badge == lesson.experiment.origin
    assert lesson.untouched.origin == lesson.experiment.origin_here()


def test_it_has_few_controls_and_a_link_can_say_each(lesson: Lesson) -> None:
    controls = lesson.experiment.controls
    assert 1 <= len(controls) <= MOST_CONTROLS
    assert len({control.name for control in controls}) == len(controls)
    for control in controls:
        assert control.label
        assert re.fullmatch(r"[a-z][a-z0-9_]*", control.name)
        assert control.parse(as_query(control.start)) == control.start
        assert type(control.parse(as_query(control.start))) is type(control.start)
    assert lesson.experiment.reset() == lesson.experiment.setup()


def test_the_untouched_setup_does_not_meet_the_challenge(lesson: Lesson) -> None:
    verdict = lesson.experiment.check(lesson.untouched)
    assert not verdict.passed
    assert verdict.measured
    assert verdict.required
    assert len(verdict.why) >= 30


def test_the_solution_meets_the_challenge(lesson: Lesson) -> None:
    settings = lesson.solved.settings
    assert checked(lesson.experiment.controls, settings) == settings
    assert settings != lesson.untouched.settings
    verdict = lesson.experiment.check(lesson.solved)
    assert verdict.passed, verdict


def test_a_record_survives_a_job_and_the_store(lesson: Lesson) -> None:
    for record in (lesson.untouched, lesson.solved):
        text = json.dumps(record.to_dict(), allow_nan=False)
        again = Record.from_dict(json.loads(text))
        assert again.to_dict() == record.to_dict()
        assert lesson.experiment.check(again) == lesson.experiment.check(record)


def test_a_record_says_what_it_found(lesson: Lesson) -> None:
    for record in (lesson.untouched, lesson.solved):
        assert record.seed == SEED
        assert set(record.labels) <= set(record.figures)
        assert record.labels
        assert record.provenance
        assert record.provenance.lower().startswith(record.origin)
        assert record.plot.series
        assert len(record.plot.alt) >= 40
        for series in record.plot.series:
            assert len(series.x) == len(series.y) > 0
            assert len(series.low) == len(series.high)
            assert len(series.low) in (0, len(series.y))


def test_the_prediction_is_about_the_record(lesson: Lesson) -> None:
    asked, record = lesson.text.prediction, lesson.untouched
    assert 0 <= record.outcome.direction < len(asked.options)
    figure = record.figures[record.outcome.figure]
    assert isinstance(figure, Estimate), "the untouched set-up must be long enough for the predicted figure"
    assert figure.unit == asked.unit or (figure.unit == "share" and asked.unit == "%")


def test_every_wrong_option_has_feedback_of_its_own_that_cites_the_run(lesson: Lesson) -> None:
    quoted = quotable(lesson.untouched, predicted=PREDICTED)
    values = {as_text(figure, interval=False) for figure in lesson.untouched.figures.values()}
    values |= {as_text(figure) for figure in lesson.untouched.figures.values()}
    for question in (lesson.text.mechanism, lesson.text.transfer):
        asked = " ".join([question.text, *(option.text for option in question.options)])
        assert not re.search(r"\{[a-z_0-9]+(:full)?\}", asked), "only feedback cites the run"
        said = [option.feedback.format(**quoted) for option in question.options]
        assert len(set(said)) == len(said)
        wrong = [option for option in question.options if not option.right]
        assert all(option.misconception for option in wrong)
        assert len({option.misconception for option in wrong}) == len(wrong)
        for option in wrong if question is lesson.text.mechanism else ():
            assert any(value in option.feedback.format(**quoted) for value in values), option.text
    assert any(PREDICTED in o.feedback.format(**quoted) for o in lesson.text.mechanism.options)


def test_the_worked_example_has_an_answer(lesson: Lesson) -> None:
    worked = lesson.text.worked
    if not isinstance(worked, ChoiceQuestion):
        assert worked.accepts(worked.value)
        assert worked.tolerance > 0


def test_it_can_be_cancelled(lesson: Lesson) -> None:
    with pytest.raises(Cancelled):
        lesson.experiment.run(lesson.experiment.setup(), seed=SEED, progress=lambda *_: None, cancelled=lambda: True)


def test_the_same_seed_simulates_the_same(lesson: Lesson) -> None:
    if lesson.experiment.origin_here() == "measured":
        pytest.skip("it measures")
    again = lesson.experiment.run(
        lesson.experiment.setup(), seed=SEED, progress=lambda *_: None, cancelled=lambda: False
    )
    assert again.to_dict() == lesson.untouched.to_dict()


# -- the coverage -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", topics().values(), ids=topics())
def test_every_topic_of_the_sources_has_a_lesson_that_contains_it(topic: Any) -> None:
    assert topic.lessons
    for slug in topic.lessons:
        assert slug in FOUND.texts, f"{topic.title} is to be in {slug}, which is missing"
        assert topic.name in FOUND.texts[slug].topics
