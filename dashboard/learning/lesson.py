"""One lesson on the page: read, predict, run, observe, explain, meet the challenge, transfer."""

from collections.abc import Sequence

import streamlit as st

from dashboard.learning.answering import challenge, mechanism, transfer
from dashboard.learning.asking import Answered, ask, ask_choice
from dashboard.learning.bench import bench
from dashboard.learning.desk import Desk
from dashboard.learning.found import found
from dashboard.learning.predicting import predicting
from dashboard.learning.reading import COLUMN, badge, idea, prose
from lessons.classes.roster import step_name
from lessons.language import _
from lessons.progress import STEPS, CourseState
from lessons.retrieval import questions_for
from lessons.texts import LessonText


def show_lesson(desk: Desk, order: Sequence[LessonText], course: CourseState) -> None:
    """The whole lesson, as one column; where the screen is wide, text and experiment stand side by side."""
    # What is drawn above may have an answer more or less. A fragment is known by its place on the page: if that changed
    # with an answer, whatever the learner does in it before the page has been drawn anew would be lost.
    with st.container():
        head(desk)
        _retrieval(desk, order, course)
        prose(desk.text, "scenario", _("Scenario"))
        idea(desk.text)
        prose(desk.text, "worked-example", _("A worked example"))
        st.subheader(_("The missing step"), anchor="missing-step")
        ask(
            desk.text.worked, desk.key("worked"), desk.state.worked,
            lambda given, right: desk.journal.answered("worked", given, right),
        )  # fmt: skip
    at_the_bench(desk)
    prose(desk.text, "sources", _("Sources"))
    _start_over(desk)


def head(desk: Desk) -> None:
    """Title, goal, and how far the learner is."""
    text, state = desk.text, desk.state
    st.title(f"{text.number}. {text.title}")
    st.markdown(text.goal, width=COLUMN)
    with st.container(horizontal=True):
        badge(desk.experiment.origin_here())
        st.badge(_("{minutes} minutes").format(minutes=text.minutes), icon=":material/schedule:", color="gray")
    done = _("{n} of {all} steps done").format(n=len(state.steps), all=len(STEPS))
    following = (
        _("next: {step}").format(step=step_name(state.next_step)) if state.next_step else _("the lesson is done")
    )
    st.progress(state.share, f"{done}, {following}", width=COLUMN)


@st.fragment
def at_the_bench(desk: Desk) -> None:
    """From the prediction to the transfer question; a control redraws only this."""
    before, desk = desk.state.steps, desk.anew()
    said, tried = st.columns([1, 1], gap="large")
    with said:
        predicting(desk)
    with tried:
        prose(desk.text, "experiment", _("Run"))
        settings, seed = bench(desk)
    record = desk.record()
    if record is not None:
        seen, why = st.columns([3, 2], gap="large")
        with seen:
            found(desk, record, settings, seed)
        with why:
            mechanism(desk, record)
    challenge(desk, record, settings, seed)
    if record is not None and desk.state.explained is not None:
        transfer(desk, record)
    if desk.state.steps != before:
        st.rerun()  # the progress at the top of the page is not part of this


def _retrieval(desk: Desk, order: Sequence[LessonText], course: CourseState) -> None:
    asked = questions_for(desk.text, order, course)
    if not asked:
        return
    with st.expander(_("Before you begin: what do you remember?"), expanded=not desk.state.retrieval):
        for one in asked:
            st.caption(_("From lesson {number}, {title}").format(number=one.text.number, title=one.text.title))
            ask_choice(
                one.question, desk.key(f"retrieval.{one.name}"), desk.state.retrieval.get(one.name),
                _remembering(desk, one.name),
            )  # fmt: skip


def _remembering(desk: Desk, name: str) -> Answered:
    return lambda given, right: desk.journal.answered("retrieval", given, right, name)


def _start_over(desk: Desk) -> None:
    if not desk.state.opened_at:
        return
    with st.expander(_("Start this lesson over")):
        st.markdown(_("Takes back your prediction and answers in this lesson. A challenge that you met stays met."))
        if st.button(_("Start over"), key=desk.key("restart"), icon=":material/replay:"):
            desk.journal.restarted()
            for name in [key for key in st.session_state if str(key).startswith(desk.key(""))]:
                del st.session_state[name]
            st.rerun()
