"""The results of a comparison as the page shows them."""

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from dashboard.charts.dotplot import dotplot
from dashboard.charts.ecdf import ecdf
from dashboard.charts.over_time import over_time
from dashboard.charts.tail import tail
from dashboard.charts.throughput import throughput
from dashboard.comparing.downloads import downloads
from dashboard.comparing.loading import figures, runs_of, title_of, traces_of
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_frame
from data.trace import Trace
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
_Badge = tuple[Literal["green", "red", "orange", "gray"], str]
_BADGES: Mapping[str, _Badge] = {
    "met": ("green", ":material/check:"),
    "missed": ("red", ":material/close:"),
    "not shown": ("orange", ":material/question_mark:"),
}
_NO_VERDICT: _Badge = ("gray", ":material/block:")


def show_results(comparison: Comparison) -> None:
    """Verdicts, charts, figures, and everything to take home."""
    _when(comparison)
    found = rows(comparison)
    for row in found:
        _verdict(row)
    _chart(comparison)
    show_figures(comparison)
    _notes(found)
    downloads(comparison)


def show_figures(comparison: Comparison, only: tuple[str, ...] = ()) -> None:
    """The table of figures, or those of its lines."""
    table = figures(comparison)
    st.markdown("**Figures**, each with its 95% interval and n, over all repetitions")
    show_frame(table.loc[[line for line in table.index if line in only]] if only else table)


def _verdict(row: Row) -> None:
    """One candidate in a line: measured or simulated, SLO kept or not, and why."""
    colour, icon = _BADGES.get(row.verdict, _NO_VERDICT)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(row.candidate)}**", width="content")
        st.badge(row.origin, color="blue" if row.origin == "measured" else "violet")
        st.badge(f"SLO: {row.verdict}", color=colour, icon=icon)
        st.caption(plain(" · ".join(row.reasons)), width="stretch")


def _notes(found: Sequence[Row]) -> None:
    """What else a reader should know, out of the way."""
    notes = [(row.candidate, text) for row in found for text in row.notes]
    if notes:
        with st.expander(f"Notes on these runs ({len(notes)})", icon=":material/info:"):
            for name, text in notes:
                st.markdown(f"**{plain(name)}**: {plain(text)}")


def _when(comparison: Comparison) -> None:
    first, scenario = runs_of(comparison)[0], comparison.scenario
    models = ", ".join(comparison.models) or "none answered"
    st.markdown(f"**{plain(title_of(comparison))}**")
    st.caption(
        f"{first.created_at[:16].replace('T', ' ')} UTC · {first.machine.get('cores', '?')} cores, "
        f"{first.machine.get('memory_gib', '?')} GiB · seed {scenario.seed} · model {models} · "
        f"{scenario.measurement.repetitions} repetitions"
    )


def drawn_traces(comparison: Comparison) -> Mapping[str, tuple[Trace, ...]]:
    """The traces to draw: those whose figures are to be trusted, and the others too when the reader insists."""
    every, trusted = traces_of(comparison), traces_of(comparison, valid=True)
    if every == trusted:
        return every
    left_out = ", ".join(name for name in every if name not in trusted)
    st.warning(
        f"Not drawn, because the figures are not to be trusted: {plain(left_out)}. The verdicts say why.",
        icon=":material/report:",
    )
    if st.toggle("Draw them all the same", key="draw_invalid", bind="query-params"):
        return {name if name in trusted else f"{name} (not valid)": traces for name, traces in every.items()}
    return trusted


@st.fragment
def _chart(comparison: Comparison) -> None:
    traces, slo = drawn_traces(comparison), comparison.scenario.slo
    if not traces:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.radio("Chart", list(_CHARTS), key="chart", bind="query-params", horizontal=True)
        repetition, most = 0, max(len(found) for found in traces.values())
        if chosen in _BY_REPETITION and most > 1:
            repetition = (
                int(st.number_input("Repetition", 1, most, 1, key="repetition", bind="query-params", width=140)) - 1
            )
    draw = {
        "Every request": lambda: ecdf(traces, slo),
        "Fifty requests": lambda: dotplot(traces, slo),
        "The slowest": lambda: tail(traces, slo),
        "Over time": lambda: over_time(traces, slo, repetition),
        "Throughput": lambda: throughput(traces, repetition),
    }
    name = chosen or "Every request"
    show_chart(draw[name](), f"results-{name}", caption=_CHARTS[name])
