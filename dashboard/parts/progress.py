"""Following a job: its place in the queue, how far it is, and the button that stops it."""

import streamlit as st

from dashboard.parts.tables import plain
from dashboard.work import cancel, look_at
from strategies.jobs import JobState

_EVERY_S = 0.5
_STILL = '<style>[data-testid="stProgress"] * { transition: none }</style>'
"""A bar that glides from one value to the next is painted sixty times a second, by the processors that a measuring job
measures with: the API of lesson 4 then took 15.8 ms instead of 13.9 (medians, six runs each in turns)."""


def follow(job_id: str) -> None:
    """Show a running job until it ends; the whole page is then drawn anew, with what came of it."""
    st.html(_STILL)
    _live(job_id)


def show_failure(state: JobState) -> None:
    """Say why a job did not give a result."""
    if state.status == "cancelled":
        st.warning(f"{state.title} was cancelled. Nothing of it is left.", icon=":material/block:")
    elif state.error is not None:
        st.error(f"{state.title} failed. {plain(state.error.message)}", icon=":material/error:")
        if state.log.strip() and not state.error.is_a(ValueError):
            with st.expander("What its process printed"):
                st.code(state.log.strip()[-4_000:], language=None, wrap_lines=True)


@st.fragment(run_every=_EVERY_S)
def _live(job_id: str) -> None:
    state = look_at(job_id)
    if state is None or state.ended:
        st.rerun()
        return
    st.progress(state.fraction, _said(state))
    if st.button("Cancel", key=f"cancel-{job_id}", disabled=state.cancelling, icon=":material/stop_circle:"):
        cancel(job_id)


def _said(state: JobState) -> str:
    if state.cancelling:
        return f"{state.title}: stopping …"
    if state.status == "queued":
        before = "one job is" if state.place == 1 else f"{state.place} jobs are"
        return f"{state.title}: {before} before it in the queue."
    if state.status == "waiting":
        return f"{state.title}: waiting for another Drydock on this machine that is measuring."
    doing = ", ".join(part for part in (state.stage, state.message) if part) or "starting"
    return f"{state.title}: {doing} ({state.fraction:.0%})"
