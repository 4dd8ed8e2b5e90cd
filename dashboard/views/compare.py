"""The page that compares candidates: the same traffic to each, and the decision they lead to."""

import streamlit as st

from dashboard.comparing import state
from dashboard.comparing.controls import controls
from dashboard.comparing.deciding import changed, decide_again, decision_of, remember, wanted_scenario
from dashboard.comparing.history import history
from dashboard.comparing.loading import comparison_of
from dashboard.comparing.patterns import patterns
from dashboard.comparing.results import show_results
from dashboard.comparing.running import run
from dashboard.comparing.scenario_file import open_scenario
from dashboard.comparing.verdict import in_words, show_decision
from dashboard.parts.address import note, recall
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain
from dashboard.shipping.compared import shipping_of_comparison
from dashboard.views.contract import View
from dashboard.work import cancel, look_at
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision.job import measured_alike

_PAGE = "compare"


class Compare(View):
    title = "Compare"
    order = 30

    def show(self) -> None:
        st.title("Compare")
        state.current()
        group = recall(_PAGE, "run")
        results = comparison_of(group) if group else None
        for problem in state.problems():
            st.warning(f"The link says something that cannot be used. {plain(problem)}", icon=":material/link_off:")
        if results is not None:
            remember(results)
        _set_up(results)
        if group and results is None:
            st.info(
                "The link names results that are not yours or were deleted. Press Run to measure them anew.",
                icon=":material/link_off:",
            )
        if results is not None:
            st.header("Results", anchor="results")
            scenario, decision = wanted_scenario(results), decision_of(results)
            if decision is not None:
                in_words(decision)
                show_decision(scenario, decision, results)
            else:
                decide_again(results)
            st.header("Latency", anchor="latency")
            show_results(results)
            shipping_of_comparison(results, decision.chosen if decision else "", scenario.forecast.rate_rps)
        st.header("The four patterns", anchor="patterns")
        patterns(results)
        st.header("Earlier comparisons", anchor="earlier")
        history(_show)


@st.fragment
def _set_up(results: Comparison | None) -> None:
    """Controls, Run and what they say about the results below; a control redraws only this."""
    with st.expander("Set-up", expanded=results is None):
        controls()
        open_scenario(_reset)
    job = look_at(known) if (known := recall(_PAGE, "job")) else None
    if job is not None and not job.ended:
        follow(job.id)
        return
    if st.button("Run", type="primary", icon=":material/play_arrow:"):
        note(_PAGE, "job", run(state.held()))
        st.rerun()
    if job is not None and job.result is not None:
        note(_PAGE, "job", None)
        note(_PAGE, "run", str(job.result["group"]))
        st.rerun()
    elif job is not None:
        show_failure(job)
    if results is None:
        return
    if not measured_alike(results.scenario, state.held()):
        _stale(results.scenario)
    else:
        changed(results)


def _reset() -> None:
    """Begin anew: what runs is ended, and no results are shown."""
    if job := recall(_PAGE, "job"):
        cancel(job)
    note(_PAGE, "job", None)
    note(_PAGE, "run", None)


def _stale(measured: Scenario) -> None:
    st.warning("The set-up has changed since: the results below are not for it. Press Run to measure it.")
    if st.button("Go back to the set-up of these results", icon=":material/undo:"):
        state.replace(measured)
        st.rerun()


def _show(group: str) -> None:
    """Show earlier results, with the set-up that they were measured for."""
    results = comparison_of(group)
    note(_PAGE, "run", group)
    if results is not None:
        state.replace(results.scenario)
