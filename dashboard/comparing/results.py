"""The results of a comparison as the page shows them."""

import streamlit as st

from dashboard.charts.dotplot import dotplot
from dashboard.charts.ecdf import ecdf
from dashboard.charts.over_time import over_time
from dashboard.charts.tail import tail
from dashboard.charts.throughput import throughput
from dashboard.comparing.downloads import downloads
from dashboard.comparing.figures import figures
from dashboard.comparing.loading import Results
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_frame

_CHARTS = {
    "Every request": "The further left a curve, the faster. Where it crosses the SLO's line, read how many met it.",
    "Fifty requests": "Each dot is one request in fifty. Hollow dots missed the SLO, crosses were not answered.",
    "The slowest": "Each step to the right is ten times rarer.",
    "Over time": "Each dot is a request at the moment it was due, in one repetition.",
    "Throughput": "Answers per second in one repetition; the wide grey line is what was due.",
}
_BY_REPETITION = ("Over time", "Throughput")


def show_results(results: Results) -> None:
    """Charts, figures, what is wrong with them, and everything to take home."""
    st.subheader(plain(results.title), anchor=False)
    _sources(results)
    _problems(results)
    if not results.traces:
        return
    _chart(results)
    st.markdown("**Figures** with 95% intervals; n counts requests after the warm-up, over all repetitions")
    show_frame(figures(results.summaries, results.scenario.slo))
    downloads(results)


def _sources(results: Results) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, summary in results.summaries.items():
            st.markdown(f"**{plain(name)}**", width="content")
            st.badge(summary.origin, color="blue" if summary.origin == "measured" else "orange")
    first = results.runs[0]
    facts = f"{first.machine.get('cores', '?')} cores, {first.machine.get('memory_gib', '?')} GiB"
    st.caption(
        f"{first.created_at[:16].replace('T', ' ')} UTC, on a machine with {facts}, seed {results.scenario.seed}"
    )


def _problems(results: Results) -> None:
    for name, summary in results.summaries.items():
        for problem in summary.problems:
            st.error(f"{plain(name)} is not to be trusted: {plain(problem)}", icon=":material/report:")
        for said in summary.notes:
            st.warning(f"{plain(name)}: {plain(said)}", icon=":material/info:")
    for run in results.runs:
        if run.status in ("failed", "cancelled"):
            why = plain("; ".join(run.problems)) or "no reason is known"
            st.warning(f"{plain(run.candidate)}, repetition {run.repetition + 1}: {run.status} ({why}).")


@st.fragment
def _chart(results: Results) -> None:
    trusted = {name: traces for name, traces in results.traces.items() if results.summaries[name].valid}
    if not trusted:
        return
    slo = results.scenario.slo
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Chart", list(_CHARTS), default="Every request", key="chart", bind="query-params", required=True
        )
        repetition = 0
        most = max(len(traces) for traces in trusted.values())
        if chosen in _BY_REPETITION and most > 1:
            repetition = int(st.number_input("Repetition", 1, most, 1, key="repetition", width=140)) - 1
    draw = {
        "Every request": lambda: ecdf(trusted, slo),
        "Fifty requests": lambda: dotplot(trusted, slo),
        "The slowest": lambda: tail(trusted, slo),
        "Over time": lambda: over_time(trusted, slo, repetition),
        "Throughput": lambda: throughput(trusted, repetition),
    }
    name = chosen or "Every request"
    show_chart(draw[name](), f"results-{name}", caption=_CHARTS[name])
