"""Runs too long to answer at once, such as a day of traffic: a job, with progress and Cancel."""

import streamlit as st

from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.simulating.state import JOB
from dashboard.work import look_at, start
from simulators.runs.result import SimulationResult
from simulators.whatif import Asked
from simulators.whatif.job import SIMULATE
from simulators.whatif.saved import from_plain

_PAGE = "simulate"


def long_run(asked: Asked) -> SimulationResult | None:
    """The answer, once its job is done; until then what there is to know or to press."""
    job = look_at(known) if (known := recall(_PAGE, JOB)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return None
    query = asked.question.to_query()
    if job is not None and job.result is not None and job.result["query"] == query:
        return from_plain(asked.plan, job.result["result"])
    st.info(
        f"{asked.requests:,.0f} requests are too many to answer while a slider moves. Press Simulate, or choose a "
        "shorter time or less traffic.",
        icon=":material/schedule:",
    )
    if st.button("Simulate", type="primary", icon=":material/play_arrow:"):
        title = f"Simulating {asked.requests:,.0f} requests"
        note(_PAGE, JOB, start(SIMULATE, {"query": query}, lane="simulate", title=title))
        st.rerun()
    if job is not None and job.result is None:
        show_failure(job)
    return None
