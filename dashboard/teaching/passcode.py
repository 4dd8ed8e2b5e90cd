"""Who may teach: whoever knows the passcode, or without one whoever sits at the machine itself."""

import hmac
import os
import threading
import time

import streamlit as st

from lessons.language import _

VARIABLE = "INSTRUCTOR_PASSCODE"
_OPEN = "_teaching"
_TRIES = 10
_WAIT_S = 60.0

_lock = threading.Lock()
_wrong: list[float] = []


def may_teach() -> bool:
    """Whether this session may; where a passcode is set and not yet given, the form for it is shown."""
    wanted = os.environ.get(VARIABLE, "")
    if not wanted:
        if st.context.ip_address is None:  # Streamlit's way of saying that the browser is on this machine
            return True
        st.info(
            _("Teaching is open on the machine that runs Drydock only. To open it elsewhere, start Drydock with a "
              "passcode: make run INSTRUCTOR_PASSCODE=…"),
            icon=":material/lock:",
        )  # fmt: skip
        return False
    if st.session_state.get(_OPEN) == wanted:
        return True
    _ask(wanted)
    return False


def _ask(wanted: str) -> None:
    with st.form("passcode", width=360):
        given = st.text_input(_("Instructor's passcode"), type="password")
        if not st.form_submit_button(_("Open")):
            return
    if _too_many():
        st.error(_("Too many wrong passcodes on this server. Wait a minute and try again."))
    elif hmac.compare_digest(given.encode(), wanted.encode()):
        st.session_state[_OPEN] = wanted
        st.rerun()
    else:
        with _lock:
            _wrong.append(time.monotonic())
        st.error(_("That is not the passcode. It was set when Drydock was started."))


def _too_many() -> bool:
    """Ten wrong ones a minute, whoever tried them: a guess costs six seconds, and an instructor a minute at most."""
    with _lock:
        _wrong[:] = [at for at in _wrong if time.monotonic() - at < _WAIT_S]
        return len(_wrong) >= _TRIES
