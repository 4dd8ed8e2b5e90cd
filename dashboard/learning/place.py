"""Where a learner is, in the address: the lesson, its controls, the seed, the slide.

A link brings all of it back; what a link says wrongly is told and left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from dashboard.parts.address import note, recall
from data.errors import InvalidValue
from lessons.contract import Experiment
from lessons.controls import Settings, Value, as_query

PAGE = "learn"
SEED = "seed"
DEFAULT_SEED = 1
MAX_SEED = 2**31 - 1
OWN = frozenset({"lesson", SEED, "job", "present", "slide", "code"})
"""Parameters of the address that are no control's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    settings: Settings
    seed: int
    problems: tuple[str, ...]
    """What in it could not be used."""


def open_lesson(slug: str | None) -> None:
    """Go to a lesson, or with None to the map; nothing of the last one stays in the address."""
    st.query_params.clear()
    note(PAGE, "present", None)
    note(PAGE, "slide", None)
    note(PAGE, "lesson", slug)


def lesson_in_address() -> str | None:
    return recall(PAGE, "lesson")


def wanted(slug: str, experiment: Experiment) -> Wanted:
    """Settings and seed as the address has them, or as they were when this lesson was last open.

    They are what controls begin with; afterwards the controls lead and the address follows, a little later, so that
    what it says then may be older than what they say.
    """
    problems: list[str] = []
    settings: dict[str, Value] = dict(experiment.setup())
    for control in experiment.controls:
        text = recall(_memory(slug), control.name)
        if text is not None:
            try:
                settings[control.name] = control.parse(text)
            except InvalidValue as error:
                problems.append(str(error))
                note(_memory(slug), control.name, None)
    return Wanted(settings, _seed(slug, problems), tuple(problems))


def remember(slug: str, experiment: Experiment, settings: Settings, seed: int) -> None:
    """Write what differs from the set-up into the address."""
    start = experiment.setup()
    for name, value in settings.items():
        note(_memory(slug), name, as_query(value) if value != start[name] else None)
    note(_memory(slug), SEED, str(seed) if seed != DEFAULT_SEED else None)


def forget(slug: str, experiment: Experiment) -> None:
    """Back to the set-up; the controls start anew."""
    remember(slug, experiment, experiment.setup(), DEFAULT_SEED)
    st.session_state[_key(slug)] = revision(slug) + 1


def revision(slug: str) -> int:
    """Grows whenever the lesson's controls must start anew."""
    return int(st.session_state.get(_key(slug), 0))


def link(slug: str, settings: Settings, start: Settings, seed: int) -> Mapping[str, str]:
    """The address's parameters for these settings."""
    changed = {name: as_query(value) for name, value in settings.items() if value != start[name]}
    return {"lesson": slug, **changed, **({SEED: str(seed)} if seed != DEFAULT_SEED else {})}


def job(slug: str) -> str | None:
    return recall(_memory(slug), "job")


def note_job(slug: str, job_id: str | None) -> None:
    note(_memory(slug), "job", job_id)


def _seed(slug: str, problems: list[str]) -> int:
    text = recall(_memory(slug), SEED)
    if text is None:
        return DEFAULT_SEED
    if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MAX_SEED:
        return int(text)
    note(_memory(slug), SEED, None)
    problems.append(str(InvalidValue(SEED, text, f"must be a whole number from 0 to {MAX_SEED}", "leave it out")))
    return DEFAULT_SEED


def _memory(slug: str) -> str:
    return f"{PAGE}.{slug}"


def _key(slug: str) -> str:
    return f"_learn.{slug}.revision"
