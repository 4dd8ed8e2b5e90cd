"""Who is where, and who is stuck."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from data.store.learning import Event, Learner
from lessons.language import _
from lessons.progress import STEPS, CourseState, LessonState, course_state
from lessons.texts import LessonText

QUIET_MIN = 10
"""A lesson that was begun and not touched for so long counts as left."""
MANY_TRIES = 3

COLUMNS = (
    "learner", "name", "lesson", "steps_done", "steps", "next_step", "predicted", "confidence_percent", "runs",
    "mechanism_tries", "challenge_met_at", "last_at", "stuck",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where one learner is."""

    learner: Learner
    state: CourseState
    current: str
    """The lesson worked on last; empty before the first."""
    stuck: str
    """Why help may be welcome; empty where nothing says so."""

    @property
    def done(self) -> int:
        return sum(at.done for at in self.state.values())


def roster(learners: Sequence[Learner], events: Sequence[Event], at: datetime | None = None) -> list[Place]:
    """Everybody in a class, those who are stuck first."""
    by_learner: dict[str, list[Event]] = {learner.code: [] for learner in learners}
    for event in events:
        if event.learner in by_learner:
            by_learner[event.learner].append(event)
    places = [_place(learner, course_state(by_learner[learner.code]), at) for learner in learners]
    return sorted(places, key=lambda place: (not place.stuck, place.learner.name.lower(), place.learner.code))


def _place(learner: Learner, state: CourseState, at: datetime | None) -> Place:
    current = max(state, key=lambda slug: state[slug].last_at, default="")
    return Place(learner, state, current, why_stuck(state[current], at) if current else "")


def why_stuck(state: LessonState, at: datetime | None = None) -> str:
    """Why a learner in this state may welcome help; empty where nothing says so."""
    if state.done:
        return ""
    if state.explained and not state.explained.right and state.explained.tries >= MANY_TRIES:
        return _("{tries} wrong mechanisms").format(tries=state.explained.tries)
    if state.runs >= 3 * MANY_TRIES and not state.passed_at:
        return _("{runs} runs, challenge not met").format(runs=state.runs)
    last = datetime.fromisoformat(state.last_at)
    quiet_min = ((at or datetime.now(UTC)) - last).total_seconds() / 60
    if QUIET_MIN <= quiet_min < 24 * 60:
        return _("quiet for {minutes:.0f} minutes before: {step}").format(
            minutes=quiet_min, step=step_name(state.next_step)
        )
    return ""


def step_name(step: str) -> str:
    """What people call a step."""
    names: Mapping[str, str] = {
        "worked": _("worked example"),
        "predicted": _("prediction"),
        "ran": _("run"),
        "explained": _("mechanism"),
        "challenged": _("challenge"),
        "transferred": _("transfer"),
        "": _("done"),
    }
    return names[step]


def roster_csv(places: Sequence[Place], order: Sequence[LessonText]) -> str:
    """A row for each learner and lesson that was opened, RFC 4180."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for place in places:
        for text in order:
            if text.slug in place.state:
                writer.writerow(_row(place, text.slug, place.state[text.slug]))
    return out.getvalue()


def _row(place: Place, slug: str, state: LessonState) -> list[str | int | float]:
    said, explained = state.predicted, state.explained
    return [
        place.learner.code, _harmless(place.learner.name), slug, len(state.steps), len(STEPS), state.next_step,
        said.number if said else "", said.confidence if said else "", state.runs, explained.tries if explained else 0,
        state.passed_at, state.last_at, place.stuck if slug == place.current else "",
    ]  # fmt: skip


def _harmless(text: str) -> str:
    """A spreadsheet takes text that begins so for a formula; a learner's name must not be one."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
