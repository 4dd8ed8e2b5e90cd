"""The page that releases a new version: live, or simulated at any traffic."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.charts.release_power import release_power
from dashboard.parts.address import recall
from dashboard.parts.chart import show_chart
from dashboard.releasing.plan import PAGE, Plan, choose_plan
from dashboard.releasing.results import show_results
from dashboard.releasing.running import release_all_live, release_live, show_power, simulate
from dashboard.releasing.side_by_side import side_by_side
from dashboard.releasing.watching import attend
from dashboard.training.packages import packages
from dashboard.views.contract import View
from dashboard.work import owner
from strategies.releases.outcome.keeping import kept, load

Record = Mapping[str, Any] | None


class Release(View):
    title = "Release"
    order = 45

    def show(self) -> None:
        st.title("Release")
        st.markdown(
            "What happens to users when the new version is bad? Choose how it is released and what is wrong with it, "
            "then watch: live, in real processes on this machine, or simulated, at traffic that you do not have.",
            width=760,
        )
        found = packages()
        if not found:
            st.info(
                "There is no model to release yet. Train one first, on the page Train.", icon=":material/inventory_2:"
            )
            return
        plan = choose_plan(found)
        live, simulated = _recalled("live"), _recalled("simulated")
        if plan is not None:
            _act(plan, live)
        st.header("What happened", anchor="happened")
        if live is None and simulated is None:
            st.info("Nothing yet. Release it live, or simulate it, above.", icon=":material/history:")
        else:
            show_results(live, simulated)
        if plan is not None and plan.where == "api":
            _compare(plan, simulated, live)
            _power(plan, live)
        elif plan is not None:
            st.caption("The side-by-side table and the view of what can be caught are of requests behind a router.")


def _recalled(name: str) -> Record:
    record = load(known, owner()) if (known := recall(PAGE, name)) else None
    return record if record is None or record["kind"] == name else None


def _act(plan: Plan, live: Record) -> None:
    """The two buttons, and what they started."""
    busy = {name: attend(name) for name in ("live", "simulated")}
    with st.container(horizontal=True):
        blocked = busy["live"] or bool(plan.live_problem)
        if st.button("Release it live", type="primary", icon=":material/rocket_launch:", disabled=blocked):
            release_live(plan)
            st.rerun()
        if plan.where == "api" and st.button("Simulate it", icon=":material/casino:", disabled=busy["simulated"]):
            simulate(plan, _latency(plan, live))
            st.rerun()
    if plan.live_problem:
        st.caption(plan.live_problem)


def _compare(plan: Plan, simulated: Record, live: Record) -> None:
    st.header("Side by side", anchor="side-by-side")
    st.markdown("What is told of each policy, beside what was found for this model, fault, traffic and judge.")
    own = simulated if simulated is not None and simulated["plan"] == plan.told() else None
    side_by_side(plan, kept(owner()), own)
    busy = attend("all")
    with st.container(horizontal=True):
        if st.button(
            "Release live under every policy", icon=":material/playlist_play:", disabled=busy or bool(plan.live_problem)
        ):
            release_all_live(plan)
            st.rerun()
        if own is None and st.button("Simulate every policy", icon=":material/casino:", key="simulate-every"):
            simulate(plan, _latency(plan, live))
            st.rerun()


def _power(plan: Plan, live: Record) -> None:
    st.header("What this plan can catch", anchor="power")
    st.markdown("Which faults would be caught at your traffic, and at more or less of it, and how long would it take?")
    busy, found = attend("power"), _recalled("power")
    if found is not None and found["plan"] == plan.told() and found["policy"] == plan.choice():
        show_chart(release_power(found["points"], found["rate_rps"]), "power")
    elif not busy:
        st.caption("A few thousand simulated releases tell.")
    if st.button("Work it out", icon=":material/query_stats:", disabled=busy):
        show_power(plan, _latency(plan, live))
        st.rerun()


def _latency(plan: Plan, live: Record) -> dict[str, Any] | None:
    """What the live release of this very plan measured."""
    return dict(live["latency"]) if live is not None and live["plan"] == plan.told() else None
