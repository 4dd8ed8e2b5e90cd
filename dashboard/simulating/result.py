"""The answer: warnings, the chart chosen, figures with their intervals and errors, the bottleneck."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.charts.load_curve import load_curve_chart, said
from dashboard.charts.simulated_ecdf import simulated_ecdf
from dashboard.charts.simulated_time import (
    cold_starts_over_time,
    has_starts,
    latency_over_time,
    replicas_over_time,
    traffic_over_time,
    utilisation_over_time,
    waiting_over_time,
)
from dashboard.charts.waterfall import waterfall_chart
from dashboard.parts.chart import show_chart
from dashboard.parts.tables import plain, show_rows
from dashboard.simulating import answers, state
from dashboard.simulating.movie import show_movie
from data.estimates.text import as_text
from simulators.runs.result import SimulationResult
from simulators.whatif import Asked
from simulators.whatif.bottleneck import Bottleneck
from simulators.whatif.figures import Figures
from simulators.whatif.one_request import PICKS
from simulators.whatif.running import LIVE_MOST
from simulators.whatif.trust import COMPARED, Trust

_LATENCY, _OVER_TIME = "Latency", "Over time"
_NEEDS_REQUESTS = ("One request", "In motion")
_ROWS = {
    "p50": "p50_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "mean": "mean_ms",
    "within the SLO": "within_slo",
    "throughput": "throughput_rps",
    "failed": "failed_share",
    "cold starts": "cold_share",
}


def show_warnings(asked: Asked, result: SimulationResult) -> None:
    """What a reader must know before looking at any figure."""
    if asked.why_not:
        st.info(plain(asked.why_not), icon=":material/info:")
    for text in asked.overload():
        st.warning(plain(text), icon=":material/speed:")
    told = set(asked.overload())
    for text in result.warnings:
        if "warm-up (MSER-5)" not in text and text not in told and not text.startswith("station "):
            st.warning(plain(f"{text[:1].upper()}{text[1:]}"), icon=":material/hourglass_top:")


def show_chart_chosen(asked: Asked, result: SimulationResult) -> None:
    """One chart at a time, so that each answers quickly."""
    charts = _charts(asked, result)
    names = [name for name in charts if name not in _NEEDS_REQUESTS or asked.requests <= LIVE_MOST]
    usual = _LATENCY if asked.preset.steady else _OVER_TIME
    if st.session_state.get(state.LOOK) not in names:
        st.session_state[state.LOOK] = (
            st.query_params.get(state.LOOK) if st.query_params.get(state.LOOK) in names else usual
        )
    chosen = st.radio("Chart", names, key=state.LOOK, horizontal=True)
    _note_look(chosen, usual)
    charts[chosen or usual]()


def _note_look(chosen: str | None, usual: str) -> None:
    if chosen and chosen != usual:
        st.query_params[state.LOOK] = chosen
    elif state.LOOK in st.query_params:
        del st.query_params[state.LOOK]


def show_figures(figures: Figures, trust: Trust) -> None:
    """Each figure with its interval and n, and the error seen nearest to it."""
    st.markdown("**Figures**: simulated, with 95% intervals and n")
    rows = []
    for name, field in _ROWS.items():
        row = {"figure": name, "simulated": as_text(getattr(figures, field))}
        if trust.errors:
            row["error seen nearest"] = trust.text(field) if field in COMPARED else "not compared"
        rows.append(row)
    show_rows(rows, "figure")
    if not trust.errors:
        st.caption("How wrong predictions are has not been measured on this machine yet: see below how to.")


def show_notes(asked: Asked, result: SimulationResult, figures: Figures, trust: Trust) -> None:
    """How the figures came about, and how far to trust them."""
    with st.expander("How far to trust these figures", icon=":material/verified:"):
        if not trust.errors:
            st.markdown(
                "The error of predictions has not been measured on this machine yet. Measure it, in a few minutes, with"
            )
            st.code("python -m simulators.fidelity --quick", language=None, wrap_lines=True)
        if trust.beyond:
            st.markdown(f"**Extrapolated**: {plain('; '.join(trust.beyond))}.")
        warm = f"The first {result.warm_up_s:,.4g} s were warm-up (MSER-5) and do not count."
        for text in (*figures.notes, *((warm,) if result.warm_up_s else ())):
            st.markdown(plain(text))
        for text in asked.known.profile.notes:
            st.markdown(f"Profile: {plain(text)}")


def show_bottleneck(found: Bottleneck) -> None:
    """Named, with its evidence."""
    busy = (found.worst or 0.0) if found.limited else 0.0
    icon = ":material/report:" if busy >= 0.9 else ":material/troubleshoot:"
    st.markdown(f"{icon} {plain(found.said)}")


def provenance(asked: Asked, result: SimulationResult) -> str:
    """What every chart of a run says below it."""
    n = result.counts["scheduled"]
    return f"Simulated: n={n:,} requests, seed {result.seed}, {asked.question.duration_s:,.0f} s."


def _charts(asked: Asked, result: SimulationResult) -> Mapping[str, Callable[[], None]]:
    return {
        _LATENCY: lambda: _latency(asked, result),
        "Against load": lambda: _against_load(asked),
        _OVER_TIME: lambda: _over_time(asked, result),
        "Stations": lambda: _stations(asked, result),
        "Replicas": lambda: _replicas(asked, result),
        "One request": lambda: _one_request(asked),
        "In motion": lambda: _in_motion(asked),
    }


def _latency(asked: Asked, result: SimulationResult) -> None:
    chart = simulated_ecdf(result.latency, asked.question.slo_ms)
    show_chart(chart, "sim-latency", caption=f"{provenance(asked, result)} The further left, the faster.")


def _against_load(asked: Asked) -> None:
    curve = answers.curve(asked)
    question = asked.question
    st.markdown(plain(said(curve, question.slo_ms, question.rate_rps)))
    caption = (
        f"Simulated: {len(curve.rates_rps)} rates of steady traffic, five runs each, n={curve.requests:,} requests, "
        f"seed {curve.seed}. Bands are 95% intervals between runs. The dotted line is the rate above."
    )
    if any(unit.scales for unit in asked.calm.units):
        caption += " At each rate an autoscaler has settled on its number of replicas."
    show_chart(load_curve_chart(curve, question.slo_ms, question.rate_rps), "sim-load", caption=caption)


def _over_time(asked: Asked, result: SimulationResult) -> None:
    caption = f"{provenance(asked, result)} Each point is one of {len(result.timeline.begin_s)} parts of the run."
    show_chart(latency_over_time(result.timeline, asked.question.slo_ms), "sim-time", caption=caption)
    show_chart(traffic_over_time(result.timeline), "sim-traffic")


def _stations(asked: Asked, result: SimulationResult) -> None:
    if result.timeline.utilisation:
        show_chart(utilisation_over_time(result.timeline), "sim-utilisation", caption=provenance(asked, result))
    show_chart(waiting_over_time(result.timeline), "sim-waiting")


def _replicas(asked: Asked, result: SimulationResult) -> None:
    show_chart(replicas_over_time(result.timeline), "sim-replicas", caption=provenance(asked, result))
    if has_starts(result.timeline):
        show_chart(cold_starts_over_time(result.timeline), "sim-starts")
    else:
        st.markdown("No request waited for a start, and nothing crashed.")


def _one_request(asked: Asked) -> None:
    names = list(PICKS)
    known = st.query_params.get(state.WHICH)
    chosen = st.radio(
        "Which request", names, names.index(known) if known in names else 0, key="which_request", horizontal=True
    )
    name = chosen or names[0]
    if name != names[0]:
        st.query_params[state.WHICH] = name
    elif state.WHICH in st.query_params:
        del st.query_params[state.WHICH]
    request = answers.requests(asked)[name]
    chart = waterfall_chart(request, name)
    caption = f"Simulated: request {request.number:,} of {asked.requests:,.0f} expected, seed {asked.question.seed}."
    show_chart(chart, f"sim-one-{name}", caption=caption)


def _in_motion(asked: Asked) -> None:
    show_movie(asked.plan, answers.movement(asked), str(hash(asked.question)))
