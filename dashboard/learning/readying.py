"""A new machine compiles the simulator once: who presses Run before that is done is told, and need not press again."""

import time

import streamlit as st

from dashboard.learning.desk import Desk
from dashboard.simulating.warming import Warmth, warmth
from lessons.language import _

_LOOK_AGAIN_S = 1.0


def is_ready(desk: Desk) -> bool:
    """Whether the lesson's run need not wait for the simulator; the first call begins to make it ready."""
    return not desk.experiment.compiled or warmth() is Warmth.READY


def wait_to_run(desk: Desk) -> None:
    """Run as soon as it is ready."""
    st.session_state[desk.key("waiting")] = time.monotonic()


def is_waiting(desk: Desk) -> bool:
    """Whether a run waits for it."""
    return desk.key("waiting") in st.session_state


def stop_waiting(desk: Desk) -> None:
    """The run begins, or is not wanted any more."""
    st.session_state.pop(desk.key("waiting"), None)


@st.fragment(run_every=_LOOK_AGAIN_S)
def show_wait(desk: Desk) -> None:
    """How long it has taken so far, and Cancel; the page is drawn anew when the simulator is ready."""
    if is_ready(desk) or not is_waiting(desk):
        st.rerun()
    waited_s = time.monotonic() - st.session_state[desk.key("waiting")]
    st.info(
        _("This machine compiles the simulator, which happens once and takes a minute or two. Your run begins by "
          "itself when that is done. {seconds:.0f} s so far.").format(seconds=waited_s),
        icon=":material/hourglass_top:",
    )  # fmt: skip
    st.button(
        _("Cancel"), key=desk.key("cancel-waiting"), icon=":material/stop_circle:", on_click=stop_waiting, args=(desk,)
    )
