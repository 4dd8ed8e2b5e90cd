"""The page that opens first: what this is, and the whole comparison at one press."""

import streamlit as st

from dashboard.charts.ecdf import ecdf
from dashboard.comparing.history import groups, name_of, told
from dashboard.comparing.loading import comparison_of
from dashboard.comparing.results import drawn_traces, show_figures
from dashboard.comparing.running import run
from dashboard.parts.address import note, recall
from dashboard.parts.chart import show_chart
from dashboard.parts.links import link_to
from dashboard.parts.progress import follow, show_failure
from dashboard.parts.tables import plain
from dashboard.views.contract import View
from dashboard.work import look_at
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.comparison.rows import rows

_PAGE = "start"
_RECENT = 5
_KEPT = ("SLO", "source", "p50", "p99", "throughput", "CPU per 1,000", "peak memory")


class Start(View):
    title = "Start"
    order = 0

    def show(self) -> None:
        st.title("Drydock")
        st.markdown(
            "Train a model on real data. Deploy it in several ways, for real, on this machine, and send each the same "
            "traffic. Then compare latency, cost and risk side by side, before you choose.",
            width=760,
        )
        _comparison()
        _recent()


def _comparison() -> None:
    st.header("The car dealership, in a minute", anchor="dealership")
    st.markdown(
        "A visitor asks for a car, a model ranks six, and the site shows the first. Should the model live inside the "
        "site (**embedded**), or in a server of its own (**API**)? One press trains it on the choices of 4,654 people, "
        "deploys it both ways, and measures both.",
        width=760,
    )
    state = look_at(job) if (job := recall(_PAGE, "job")) else None
    if state is not None and not state.ended:
        follow(state.id)
        return
    if st.button("Run the comparison", type="primary", icon=":material/play_arrow:"):
        note(_PAGE, "run", None)
        note(_PAGE, "job", run(Scenario.default()))
        st.rerun()
    if state is not None and state.result is not None:
        note(_PAGE, "run", str(state.result["group"]))
        note(_PAGE, "job", None)
    elif state is not None:
        show_failure(state)
    group = recall(_PAGE, "run")
    comparison = comparison_of(group) if group else None
    if comparison is not None:
        _inline(comparison)


def _inline(comparison: Comparison) -> None:
    """The result in short: the curves, and the figures that a newcomer asks for first."""
    if traces := drawn_traces(comparison):
        caption = "Measured on this machine, for real. The further left a curve, the faster."
        show_chart(ecdf(traces, comparison.scenario.slo), "start-ecdf", caption=caption)
    show_figures(comparison, only=_KEPT)
    for row in rows(comparison):
        st.markdown(f"**{plain(row.candidate)}**: SLO {row.verdict}. {plain(' '.join(row.reasons))}")
    link_to("compare", "See all of it, change it, run it again", icon=":material/compare_arrows:", run=comparison.group)


def _recent() -> None:
    found = groups()[:_RECENT]
    if not found:
        return
    st.header("Recent comparisons", anchor="recent")
    for group in found:
        link_to("compare", f"{plain(name_of(group))} · {plain(told(group))}", run=group[0].group)
