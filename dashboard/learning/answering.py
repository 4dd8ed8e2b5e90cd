"""After the run: why it came out so, the challenge, and what else follows from it."""

import streamlit as st

from dashboard.learning.asking import ask_choice
from dashboard.learning.desk import Desk
from dashboard.learning.failing import reported
from dashboard.learning.found import is_stale
from dashboard.learning.reading import COLUMN, prose, shown
from dashboard.parts.tables import plain
from lessons.contract import Settings
from lessons.language import _
from lessons.record import Record


def mechanism(desk: Desk, record: Record) -> None:
    """Choose the mechanism; the explanation opens with the right one."""
    st.header(_("Explain"), anchor="mechanism")
    ask_choice(
        desk.text.mechanism, desk.key("mechanism"), desk.state.explained,
        lambda given, right: desk.journal.answered("explained", given, right), desk.quoted(record),
    )  # fmt: skip
    if desk.state.explained and desk.state.explained.right:
        with st.expander(_("What is behind it"), expanded=True):
            shown(desk.text.prose["explanation"])


def challenge(desk: Desk, record: Record | None, settings: Settings, seed: int) -> None:
    """The target, and the check of the live result."""
    prose(desk.text, "challenge", _("Challenge"))
    stale = record is not None and is_stale(record, settings, seed)
    st.button(
        _("Check my last run"), key=desk.key("check"), type="primary", icon=":material/fact_check:",
        disabled=record is None or stale, on_click=_check, args=(desk, record),
        help=_("Run the present set-up first: only a live result is checked.") if record is None or stale else None,
    )  # fmt: skip
    if stale:
        st.caption(_("The set-up has changed since the last run; press Run, then check."))
    _verdict(desk, record)


def _check(desk: Desk, record: Record | None) -> None:
    if record is not None:
        with reported(desk.slug):
            desk.journal.checked(record, desk.experiment.check(record))


def _verdict(desk: Desk, record: Record | None) -> None:
    verdict = desk.state.verdict
    if verdict is not None and record is not None:
        same = verdict["settings"] == dict(record.settings) and verdict["seed"] == record.seed
        words = "\n\n".join(
            [
                _("**Measured:** {measured}").format(measured=plain(verdict["measured"])),
                _("**Required:** {required}").format(required=plain(verdict["required"])),
                plain(verdict["why"]),
            ]
        )
        with st.container(width=COLUMN):
            if not same:
                st.info(_("Your last check, of an earlier run:\n\n{words}").format(words=words))
            elif verdict["passed"]:
                st.success(_("Met.\n\n{words}").format(words=words), icon=":material/check_circle:")
            else:
                st.warning(_("Not yet.\n\n{words}").format(words=words), icon=":material/pending:")
    if desk.state.passed_at:
        st.caption(_("Challenge met on {day}; the evidence is in your export.").format(day=desk.state.passed_at[:10]))


def transfer(desk: Desk, record: Record) -> None:
    """When would this reverse?"""
    st.header(_("Transfer"), anchor="transfer")
    ask_choice(
        desk.text.transfer, desk.key("transfer"), desk.state.transferred,
        lambda given, right: desk.journal.answered("transferred", given, right), desk.quoted(record),
    )  # fmt: skip
    words = st.text_area(
        _("In your own words: when would it reverse? (kept with your progress)"), desk.state.words,
        key=desk.key("words"), max_chars=2_000, width=COLUMN,
    )  # fmt: skip
    if words != desk.state.words:
        st.button(_("Keep my words"), key=desk.key("keep-words"), on_click=desk.journal.wrote, args=(words,))
