"""The page that teaches: a map of the lessons, or one of them."""

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.learning import place
from dashboard.learning.desk import Desk, journal_of, store
from dashboard.learning.learner import show_learner
from dashboard.learning.lesson import show_lesson
from dashboard.learning.map import show_coverage, show_map
from dashboard.learning.presenting import presenting, show_slides
from dashboard.learning.reading import COLUMN
from dashboard.parts.tables import plain
from dashboard.views.contract import View
from dashboard.work import owner
from data.errors import DrydockError, InvalidFile
from lessons.catalogue import Catalogue, catalogue, experiment
from lessons.classes import Course, read_course
from lessons.language import _
from lessons.progress import CourseState, course_state


class Learn(View):
    title = "Learn"
    order = 50

    def show(self) -> None:
        found = catalogue()
        slug = place.lesson_in_address()
        if slug is not None and slug not in found.texts:
            place.open_lesson(None)
            st.warning(_("There is no lesson {name} here.").format(name=plain(slug)), icon=":material/link_off:")
            slug = None
        course = course_of(found)
        if slug is None:
            _map(found, course)
        else:
            _lesson(found, course, slug)


def _map(found: Catalogue, course: Course) -> None:
    st.title(_("Learn"))
    st.markdown(
        _(
            "Every lesson runs the real thing or simulates it, and asks you to predict first: people who commit to a "
            "prediction learn more from the same experiment than people who only watch."
        ),
        width=COLUMN,
    )
    if found.broken:
        names = ", ".join(plain(broken.slug) for broken in found.broken)
        st.warning(_("Not available now: {names}. The page Teach says why.").format(names=names))
    order = course.arranged(found.texts)
    show_map(order, _course_state(), course)
    show_learner(dict(found.texts))
    show_coverage(order)


def _lesson(found: Catalogue, course: Course, slug: str) -> None:
    order = course.arranged(found.texts)
    try:
        chosen = experiment(slug)
    except DrydockError as error:
        st.title(found.texts[slug].title)
        st.error(plain(error), icon=":material/error:")
        _back()
        return
    journal = journal_of(slug)
    if presenting():
        show_slides(Desk(found.texts[slug], chosen, journal, journal.state(), demo=True))
        return
    _back()
    with errors_shown():
        show_lesson(Desk(found.texts[slug], chosen, journal, journal.state()), order, _course_state())


def _back() -> None:
    if st.button(_("All lessons"), icon=":material/arrow_back:", type="tertiary"):
        place.open_lesson(None)
        st.rerun()


def _course_state() -> CourseState:
    known = store().known(owner())
    return course_state(store().events(known.code)) if known else {}


def course_of(found: Catalogue) -> Course:
    """The instructor's course, or the lessons' own order where its file cannot be used."""
    try:
        return read_course(tuple(found.texts))
    except InvalidFile:
        return Course()
