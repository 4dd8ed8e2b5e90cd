"""The learner's own corner: the code that brings progress back, name and class where wanted, and the export."""

import streamlit as st

from dashboard.errors import errors_shown
from dashboard.learning.desk import store
from dashboard.work import owner
from data.store.learning import Learner
from lessons.classes import statements
from lessons.language import _
from lessons.progress.export import export
from lessons.texts import LessonText


def show_learner(texts: dict[str, LessonText]) -> None:
    """Shown below the map; before anything was done there is only a code to enter."""
    known = store().known(owner())
    title = _("Your progress: code {code}").format(code=known.code) if known else _("Your progress")
    with st.expander(title, icon=":material/badge:"):
        if known is None:
            st.markdown(
                _(
                    "There is no account. With your first answer you get a code, by which your progress is kept on "
                    "this server; this browser remembers it."
                )
            )
        else:
            _own(known, texts)
        _elsewhere()


def _own(learner: Learner, texts: dict[str, LessonText]) -> None:
    st.markdown(_("Write down **{code}**: it brings your progress back in any browser.").format(code=learner.code))
    with st.form("learner", border=False):
        name = st.text_input(
            _("What to call you (optional; your class's instructor sees it)"), learner.name, max_chars=80
        )
        room = st.text_input(_("Class code (optional)"), learner.class_code, max_chars=16)
        if st.form_submit_button(_("Save")):
            with errors_shown():
                store().enrol(learner.code, room)
                store().rename(learner.code, name)
                st.rerun()
    events = store().events(learner.code)
    with st.container(horizontal=True):
        st.download_button(
            _("Download my progress (JSON)"), export(learner, events), f"drydock-{learner.code}.json",
            "application/json", on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.download_button(
            _("As xAPI statements"), statements(events, texts, {learner.code: learner.name}),
            f"drydock-{learner.code}-xapi.jsonl", "application/x-ndjson", on_click="ignore", icon=":material/download:",
        )  # fmt: skip


def _elsewhere() -> None:
    with st.form("sit", border=False):
        code = st.text_input(_("Go on with a code from another browser"), max_chars=16)
        if st.form_submit_button(_("Go on")) and code:
            with errors_shown():
                store().sit(owner(), code)
                st.rerun()
