"""The decision on the page: the kept one, or a way to make it for the set-up as it is now."""

import streamlit as st

from dashboard.comparing import state
from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.work import look_at, owner, start
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision.decision import Decision
from simulators.decision.job import DECIDE, measured_alike
from simulators.decision.saved import kept_decision

_PAGE, _JOB = "compare", "decision"
_SHOWN = "_decision_shown"


def wanted_scenario(results: Comparison) -> Scenario:
    """The scenario to decide for: the set-up as it is now where the runs answer it, or else that of the runs."""
    held = state.held()
    return held if measured_alike(held, results.scenario) else results.scenario


def decision_of(results: Comparison) -> Decision | None:
    """The decision that is kept for these runs and the set-up; None where it has yet to be made."""
    return kept_decision(results.group, wanted_scenario(results))


def remember(results: Comparison) -> None:
    """Note for which set-up the page is about to show a decision; called before the controls are drawn."""
    st.session_state[_SHOWN] = wanted_scenario(results).to_toml()


def changed(results: Comparison) -> None:
    """Among the controls: say that the decision below is for another set-up, and offer to decide for this one."""
    wanted = wanted_scenario(results)
    if st.session_state.get(_SHOWN) == wanted.to_toml():
        return
    if kept_decision(results.group, wanted) is not None:
        st.rerun()
    st.warning(
        "The decision below is for the set-up as it was. Its runs answer this one too: nothing needs to be measured "
        "again.",
        icon=":material/balance:",
    )
    if st.button("Decide for this set-up", type="primary", icon=":material/balance:"):
        _start(results, wanted)
        st.rerun()


def _start(results: Comparison, scenario: Scenario) -> None:
    payload = {"group": results.group, "scenario": scenario.to_toml(), "session": owner()}
    note(_PAGE, _JOB, start(DECIDE, payload, lane="simulate", title="Deciding"))


@st.fragment
def decide_again(results: Comparison) -> None:
    """The button that decides for the set-up as it is now, without measuring anything, and how far that is."""
    job = look_at(known) if (known := recall(_PAGE, _JOB)) else None
    if job is not None and not job.ended:
        follow(job.id)
        return
    scenario = wanted_scenario(results)
    st.info(
        "No decision has been made for this set-up yet. Its runs are there: deciding takes some seconds, and nothing "
        "is measured again.",
        icon=":material/balance:",
    )
    if st.button("Decide", type="primary", icon=":material/balance:"):
        _start(results, scenario)
        st.rerun()
    if job is not None and job.result is not None:
        note(_PAGE, _JOB, None)
        st.rerun()
    elif job is not None:
        show_failure(job)
