"""What came of a measurement in the browser."""

import streamlit as st

from dashboard.charts.ecdf import ecdf
from dashboard.parts.chart import show_chart
from dashboard.parts.links import link_to
from dashboard.parts.tables import plain, show_rows
from data.estimates import as_text, summarise
from data.scenario import Scenario
from data.store import Run, RunStore


def show_measured(run: Run, store: RunStore) -> None:
    """The run's figures, its curve and what a reader should know."""
    trace, slo = store.trace(run.id), Scenario.from_toml(run.scenario).slo
    summary = summarise([trace], slo)
    st.subheader("Measured in this browser", anchor="measured")
    st.markdown(f"{summary.n:,} predictions are in the store as run {run.id}.")
    for problem in summary.problems:
        st.error(plain(problem), icon=":material/error:")
    figures = {
        "p50": summary.p50_ms,
        "p95": summary.p95_ms,
        "p99": summary.p99_ms,
        "throughput": summary.throughput_rps,
    }
    show_rows([{"figure": name, "measured": as_text(figure)} for name, figure in figures.items()], "figure")
    show_chart(ecdf({run.candidate: [trace]}), f"ecdf-{run.id}")
    for note in summary.notes:
        st.caption(plain(note))
    link_to("compare", "Find it among the comparisons", icon=":material/compare_arrows:", run=run.group)
