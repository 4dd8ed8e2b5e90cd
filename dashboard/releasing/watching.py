"""Jobs of the Release page: how far they are, and what a live release decides while it goes on."""

import streamlit as st

from dashboard.charts.release_evidence import release_evidence
from dashboard.charts.release_harm import bad_so_far
from dashboard.charts.release_shares import release_shares
from dashboard.parts.address import note, recall
from dashboard.parts.chart import show_chart
from dashboard.parts.progress import follow, show_failure
from dashboard.releasing.plan import PAGE
from dashboard.work import look_at
from strategies.releases.outcome.keeping import course_so_far

_EVERY_S = 1.0


def attend(name: str) -> bool:
    """Show the job of that name while it runs, or why it failed; whether it runs.

    Once it is done, the address names what it made, and the page is drawn anew.
    """
    state = look_at(job) if (job := recall(PAGE, f"{name}_job")) else None
    if state is None:
        return False
    if not state.ended:
        follow(state.id)
        if name == "live":
            _course(state.id, recall(PAGE, "live_next") or "")
        return True
    if state.result is None:
        show_failure(state)
        return False
    _done(name)
    return False


def _done(name: str) -> None:
    made = recall(PAGE, f"{name}_next")
    note(PAGE, f"{name}_job", None)
    note(PAGE, f"{name}_next", None)
    if made:
        note(PAGE, name, made)
    st.rerun()


@st.fragment(run_every=_EVERY_S)
def _course(job: str, record: str) -> None:
    """The release so far."""
    log = course_so_far(record)
    state = look_at(job)
    if not log or state is None or state.ended:
        return
    latest, until_s = log[-1], float(log[-1]["now_s"]) + 0.5
    with st.container(horizontal=True):
        st.metric("To the new version", f"{latest['canary']:.0%}", width="content")
        st.metric("Answers of the new version", f"{latest['served']['new']:,}", width="content")
        st.metric("Bad answers so far", f"{bad_so_far(latest):,}", width="content")
        st.metric("Verdict", str(latest["verdict"]), width="content")
    st.caption(f"After {latest['now_s']:.1f} s: {latest['reason']}.")
    show_chart(release_shares(log, until_s), "live-shares")
    if any(entry["evidence"] for entry in log):
        show_chart(release_evidence(log, until_s), "live-evidence")
