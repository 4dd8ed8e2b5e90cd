"""A class: its code, who is where, who is stuck, exports, and beginning anew."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.learning.desk import store
from dashboard.parts.tables import show_frame
from data.store.learning import Class, Event
from lessons.classes import Place, roster, roster_csv, statements
from lessons.classes.roster import step_name
from lessons.language import _
from lessons.progress import STEPS
from lessons.texts import LessonText

_EVERY_S = 10


def show_classroom(order: Sequence[LessonText]) -> None:
    """Choose or open a class, then see it."""
    st.header(_("The class"), anchor="class")
    rooms = store().classes()
    with st.form("class", border=False, clear_on_submit=True):
        title = st.text_input(_("Open a new class called"), max_chars=80)
        if st.form_submit_button(_("Open class")) and title.strip():
            st.session_state["teach.class"] = store().open_class(title).code
            st.rerun()
    if not rooms:
        st.markdown(_("No class yet. Learners join one by its code, on the page Learn under Your progress."))
        return
    names = {room.code: room for room in rooms}
    if st.session_state.get("teach.class") not in names:
        st.session_state["teach.class"] = rooms[0].code
    code = st.selectbox(
        _("Class"), list(names), format_func=lambda code: f"{names[code].title} ({code})", key="teach.class"
    )
    st.subheader(_("Code to join: {code}").format(code=code), anchor="code")
    _live(names[code], order)
    _exports(names[code], order)
    _reset(names[code])


@st.fragment(run_every=_EVERY_S)
def _live(room: Class, order: Sequence[LessonText]) -> None:
    """Who is where, drawn anew every few seconds."""
    places = _places(room)[0]
    if not places:
        st.info(_("Nobody has joined yet."))
        return
    stuck = sum(bool(place.stuck) for place in places)
    st.markdown(
        _("Learners: {n}. {stuck} of them may welcome help.").format(n=len(places), stuck=stuck)
        if stuck
        else _("Learners: {n}. None is stuck, as far as can be seen.").format(n=len(places))
    )
    show_frame(_table(places, order))


def _table(places: Sequence[Place], order: Sequence[LessonText]) -> pd.DataFrame:
    titles = {text.slug: f"{text.number}. {text.title}" for text in order}
    rows = []
    for place in places:
        at = place.state.get(place.current)
        rows.append(
            {
                _("learner"): place.learner.name or place.learner.code,
                _("lesson"): titles.get(place.current, place.current) or _("not begun"),
                _("before"): step_name(at.next_step) if at else "",
                _("stuck"): place.stuck,
                _("lessons done"): place.done,
                **{
                    str(text.number): f"{len(place.state[text.slug].steps)}/{len(STEPS)}"
                    for text in order
                    if any(text.slug in other.state for other in places) and text.slug in place.state
                },
            }
        )
    return pd.DataFrame(rows).fillna("").set_index(_("learner"))


def _exports(room: Class, order: Sequence[LessonText]) -> None:
    """What the class did up to the moment at which the button is pressed."""
    texts = {text.slug: text for text in order}

    def progress() -> str:
        return roster_csv(_places(room)[0], order)

    def xapi() -> str:
        places, events = _places(room)
        return statements(events, texts, {place.learner.code: place.learner.name for place in places})

    with st.container(horizontal=True):
        st.download_button(
            _("Progress (CSV)"), progress, f"drydock-{room.code}.csv", "text/csv",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.download_button(
            _("xAPI statements (JSON lines)"), xapi,
            f"drydock-{room.code}-xapi.jsonl", "application/x-ndjson", on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def _reset(room: Class) -> None:
    with st.expander(_("Begin anew")):
        places = _places(room)[0]
        names = {place.learner.code: place.learner.name or place.learner.code for place in places}
        whom = st.selectbox(
            _("Whose progress to remove"), ["", *names], format_func=lambda code: names.get(code, _("everybody's"))
        )
        sure = st.checkbox(_("Remove it for good: answers, predictions, runs and evidence"))
        if st.button(_("Remove"), disabled=not sure or not names, icon=":material/delete:"):
            gone = store().forget([whom] if whom else list(names))
            st.session_state["teach.said"] = _("{n} entries were removed.").format(n=gone)
            st.rerun()
        if said := st.session_state.pop("teach.said", None):
            st.success(said)


def _places(room: Class) -> tuple[list[Place], list[Event]]:
    learners = store().learners(room.code)
    events = store().events_of([learner.code for learner in learners])
    return roster(learners, events), events
