"""The map of the lessons: what there is, how far the learner is, and where to go on."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard.learning.reading import COLUMN
from dashboard.parts.links import link_to
from dashboard.parts.tables import plain, show_frame
from lessons.classes import Course
from lessons.coverage import topics
from lessons.language import _
from lessons.progress import STEPS, CourseState, next_lesson
from lessons.texts import LessonText


def show_map(order: Sequence[LessonText], state: CourseState, course: Course) -> None:
    """All lessons in the course's order, each with its time, what it builds on, and progress."""
    done = sum(text.slug in state and state[text.slug].done for text in order)
    st.progress(done / max(len(order), 1), _("{n} of {all} lessons done").format(n=done, all=len(order)), width=COLUMN)
    if following := next_lesson(state, order):
        text = next(text for text in order if text.slug == following)
        begun = following in state
        said = _("Go on with lesson {number}: {title}") if begun else _("Begin with lesson {number}: {title}")
        link_to(
            "learn", said.format(number=text.number, title=text.title), icon=":material/play_arrow:", lesson=following
        )
    st.header(_("The lessons"), anchor="lessons")
    numbers = {text.slug: text.number for text in order}
    for text in order:
        _entry(text, state, course, numbers)


def _entry(text: LessonText, state: CourseState, course: Course, numbers: Mapping[str, int]) -> None:
    at = state.get(text.slug)
    icon = ":material/check_circle:" if at and at.done else ":material/pending:" if at else ":material/circle:"
    with st.container(border=True, width=COLUMN):
        link_to("learn", f"{text.number}. {plain(text.title)}", icon=icon, lesson=text.slug)
        st.markdown(text.goal)
        needed = ", ".join(str(numbers[slug]) for slug in text.prerequisites if slug in numbers)
        parts = [
            _("{minutes} minutes").format(minutes=text.minutes),
            _(text.badge),
            _("after {lessons}").format(lessons=needed) if needed else _("nothing needed before"),
            _("{n} of {all} steps done").format(n=len(at.steps), all=len(STEPS)) if at else _("not begun"),
        ]
        if text.slug in course.due:
            parts.append(_("due {day}").format(day=course.due[text.slug].isoformat()))
        st.caption(" · ".join(parts))


def show_coverage(order: Sequence[LessonText]) -> None:
    """Which lesson contains which topic of the course's sources."""
    import pandas as pd

    with st.expander(_("Where each topic of the sources is")):
        numbers = {text.slug: text.number for text in order}
        rows = [
            {
                _("topic"): topic.title,
                _("lessons"): ", ".join(str(numbers[slug]) for slug in topic.lessons if slug in numbers)
                or _("none yet"),
                _("source"): topic.source,
            }
            for topic in topics().values()
        ]
        show_frame(pd.DataFrame(rows).set_index(_("topic")))
