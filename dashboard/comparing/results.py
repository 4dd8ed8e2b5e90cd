"""The results of a comparison as the page shows them."""

import streamlit as st

from dashboard.charts.dotplot import dotplot
from dashboard.charts.ecdf import ecdf
from dashboard.charts.over_time import over_time
from dashboard.charts.tail import tail
from dashboard.charts.throughput import throughput
from dashboard.comparing.downloads import downloads
from dashboard.comparing.loading import figures, runs_of, title_of, trusted_traces
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_frame
from simulators.comparison.comparison import Comparison
from simulators.comparison.rows import Row, rows

_CHARTS = {
    "Every request": "The further left a curve, the faster. Where it crosses the SLO's line, read how many met it.",
    "Fifty requests": "Each dot is one request in fifty. Hollow dots missed the SLO, crosses were not answered.",
    "The slowest": "Each step to the right is ten times rarer.",
    "Over time": "Each dot is a request at the moment it was due, in one repetition.",
    "Throughput": "Answers per second in one repetition; the wide grey line is what was due.",
}
_BY_REPETITION = ("Over time", "Throughput")
_BADGES = {
    "met": ("green", ":material/check:"),
    "missed": ("red", ":material/close:"),
    "not shown": ("orange", ":material/question_mark:"),
    "not measured": ("gray", ":material/block:"),
}


def show_results(comparison: Comparison) -> None:
    """Verdicts, charts, figures, and everything to take home."""
    st.subheader(plain(title_of(comparison)), anchor=False)
    for row in rows(comparison):
        _verdict(row)
    _when(comparison)
    if trusted_traces(comparison):
        _chart(comparison)
    show_figures(comparison)
    downloads(comparison)


def show_figures(comparison: Comparison, only: tuple[str, ...] = ()) -> None:
    """The table of figures, or those of its lines."""
    table = figures(comparison)
    st.markdown("**Figures**, each with its 95% interval and n, over all repetitions")
    show_frame(table.loc[[line for line in table.index if line in only]] if only else table)


def _verdict(row: Row) -> None:
    """One candidate in a line: measured or simulated, SLO kept or not, and why."""
    colour, icon = _BADGES[row.verdict]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(row.candidate)}**", width="content")
        st.badge(row.origin, color="blue" if row.origin == "measured" else "violet")
        st.badge(f"SLO {row.verdict}", color=colour, icon=icon)  # type: ignore[arg-type]
        st.caption(plain("; ".join(row.reasons)), width="stretch")
    for text in row.notes:
        st.info(f"{plain(row.candidate)}: {plain(text)}", icon=":material/info:")


def _when(comparison: Comparison) -> None:
    first, scenario = runs_of(comparison)[0], comparison.scenario
    models = ", ".join(comparison.models) or "none answered"
    st.caption(
        f"{first.created_at[:16].replace('T', ' ')} UTC · {first.machine.get('cores', '?')} cores, "
        f"{first.machine.get('memory_gib', '?')} GiB · seed {scenario.seed} · model {models} · "
        f"{scenario.measurement.repetitions} repetitions"
    )


@st.fragment
def _chart(comparison: Comparison) -> None:
    traces, slo = trusted_traces(comparison), comparison.scenario.slo
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Chart", list(_CHARTS), default="Every request", key="chart", bind="query-params", required=True
        )
        repetition, most = 0, max(len(found) for found in traces.values())
        if chosen in _BY_REPETITION and most > 1:
            repetition = int(st.number_input("Repetition", 1, most, 1, key="repetition", width=140)) - 1
    draw = {
        "Every request": lambda: ecdf(traces, slo),
        "Fifty requests": lambda: dotplot(traces, slo),
        "The slowest": lambda: tail(traces, slo),
        "Over time": lambda: over_time(traces, slo, repetition),
        "Throughput": lambda: throughput(traces, repetition),
    }
    name = chosen or "Every request"
    show_chart(draw[name](), f"results-{name}", caption=_CHARTS[name])
