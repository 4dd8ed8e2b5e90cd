"""Measuring the profile of one of the user's models, so that predictions are about it and this machine."""

from dataclasses import replace

import streamlit as st

from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain
from dashboard.simulating import state
from dashboard.training.packages import label, packages
from dashboard.work import look_at, start
from simulators.whatif.own_profile import PROFILE

_PAGE = "simulate"


def own_profile() -> None:
    """Which model, the button, and how far it is."""
    with st.expander("Predict your own model", icon=":material/speed:"):
        _measure()


@st.fragment
def _measure() -> None:
    job = look_at(known) if (known := recall(_PAGE, state.PROFILING)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return
    found = {package.version: package for package in packages()}
    if not found:
        st.info("There is no model yet. Train one first, on the page Train.", icon=":material/inventory_2:")
        return
    st.markdown(
        "Drydock deploys the model on this machine for a minute or two, measures what a request takes, what only "
        "delays it and how long starts last, fits that to what users saw under load, and predicts from it.",
        width=760,
    )
    version = st.selectbox("Model to measure", list(found), format_func=lambda one: label(found[one]), key="to_profile")
    if st.button("Measure its profile", icon=":material/timer:"):
        title = f"Measuring the profile of {found[version].manifest.name} {version}"
        payload = {"folder": str(found[version].folder)}
        note(_PAGE, state.PROFILING, start(PROFILE, payload, lane="measure", title=title))
        st.rerun()
    if job is not None and job.result is not None:
        note(_PAGE, state.PROFILING, None)
        for text in job.result["notes"]:
            st.caption(plain(text))
        state.replace(replace(state.held(), profile=f"model/{job.result['version']}"))
        st.rerun()
    elif job is not None:
        show_failure(job)
