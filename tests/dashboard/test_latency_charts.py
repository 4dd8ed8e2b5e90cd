"""The charts of latency show the trace's own numbers, with labels and units."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts.chart import COLOURS, MAX_POINTS, Chart, look
from dashboard.charts.dotplot import DOTS, dotplot, said
from dashboard.charts.ecdf import ecdf
from dashboard.charts.latency import Traces
from dashboard.charts.over_time import over_time
from dashboard.charts.tail import tail
from dashboard.charts.throughput import throughput
from data.scenario import Slo
from data.trace import Trace

Make = Callable[..., Trace]
SLO = Slo(latency_ms=5.0)
EVERY = (
    lambda traces: ecdf(traces, SLO),
    lambda traces: dotplot(traces, SLO),
    lambda traces: tail(traces, SLO),
    lambda traces: over_time(traces, SLO),
    throughput,
)


def named(chart: Chart, name: str) -> go.Scatter:
    return next(series for series in chart.figure.data if series.name == name)


def texts(chart: Chart) -> list[str]:
    return [note.text for note in chart.figure.layout.annotations]


@pytest.mark.parametrize("draw", EVERY)
def test_every_chart_names_its_axes_its_series_and_itself(draw, traces: Traces) -> None:
    chart = draw(traces)
    assert "ms" in chart.figure.layout.xaxis.title.text + chart.figure.layout.yaxis.title.text or draw is throughput
    shown = texts(chart) + [s.name for s in chart.figure.data if chart.figure.layout.showlegend]
    shown += list(chart.figure.layout.yaxis.ticktext or ())
    assert {"embedded", "api"} <= set(shown), "a series has no label of its own"
    assert "embedded" in chart.alt
    assert "api" in chart.alt
    assert len(chart.table)


@pytest.mark.parametrize("draw", EVERY)
def test_every_chart_draws_few_points_and_no_empty_trace_breaks_it(draw, traces: Traces) -> None:
    nothing = traces["api"][0].where(np.zeros(3_000, bool))
    for series in draw(traces).figure.data:
        assert len(series.x) <= MAX_POINTS
    assert draw({"none": [nothing]}).figure.data


def test_ecdf_is_the_share_of_all_requests_within_each_latency(traces: Traces) -> None:
    chart = ecdf(traces, SLO)
    for name, (trace,) in traces.items():
        series = named(chart, name)
        latencies_ms = trace.latency_s * 1_000
        for x, y in list(zip(series.x, series.y, strict=True))[:: max(len(series.x) // 50, 1)]:
            assert y == pytest.approx((latencies_ms <= x).mean())
    assert chart.figure.layout.xaxis.type == "log"


def test_ecdf_keeps_requests_that_timed_out_and_counts_none_of_them_as_met(make_trace: Make) -> None:
    latency, failed = np.full(100, 0.001), np.arange(100) < 10
    latency[failed] = 0.5
    chart = ecdf({"api": [make_trace(latency, failed=failed)]}, Slo(latency_ms=1_000.0))
    assert max(named(chart, "api").x) == pytest.approx(500)
    assert "90.00% of all requests answered within the SLO's 1000 ms" in chart.alt


def test_ecdf_shows_the_slo_as_a_line_that_says_what_it_is(traces: Traces) -> None:
    chart = ecdf(traces, SLO)
    assert [shape.x0 for shape in chart.figure.layout.shapes] == [5.0]
    assert "SLO: p99 ≤ 5 ms" in texts(chart)


def test_charts_leave_the_warm_up_out(make_trace: Make) -> None:
    latency = np.where(np.arange(100) < 50, 9.0, 0.001)
    chart = ecdf({"api": [make_trace(latency, warm_up_s=0.05)]})
    assert max(named(chart, "api").x) == pytest.approx(1.0)


def test_repetitions_are_drawn_together_and_over_time_apart(make_trace: Make) -> None:
    fast, slow = np.full(100, 0.001), np.full(300, 0.1)
    both = {"api": [make_trace(fast), make_trace(slow)]}
    pooled = named(ecdf(both), "api")
    assert max(y for x, y in zip(pooled.x, pooled.y, strict=True) if x < 50) == pytest.approx(0.25)
    assert set(np.round(named(over_time(both, repetition=1), "api").y, 6)) == {100.0}
    assert not over_time(both, repetition=2).figure.data


def test_dotplot_has_fifty_dots_and_counts_the_misses(traces: Traces) -> None:
    chart = dotplot(traces, SLO)
    series = named(chart, "api")
    assert len(series.x) == DOTS
    trace = traces["api"][0]
    missed = ((trace.latency_s * 1_000 > 5) | ~trace.ok).mean()
    counted = chart.table.loc["api", "missing the SLO, of 50"]
    assert counted == pytest.approx(missed * DOTS, abs=1)
    assert f"api: {said(counted)}" in chart.alt


def test_dotplot_says_it_in_words() -> None:
    assert said(0) == "of 50 requests, none miss the SLO."
    assert said(1) == "of 50 requests, 1 misses the SLO."
    assert said(3) == "of 50 requests, 3 miss the SLO."


def test_dots_of_one_candidate_never_cover_each_other(traces: Traces) -> None:
    for series in dotplot(traces, SLO).figure.data:
        assert len({(round(x, 12), round(y, 9)) for x, y in zip(series.x, series.y, strict=True)}) == DOTS


def test_tail_spaces_percentiles_by_rarity(traces: Traces) -> None:
    series = named(tail(traces), "embedded")
    latencies = np.sort(traces["embedded"][0].latency_s) * 1_000
    for rarity, ms in list(zip(series.x, series.y, strict=True))[::100]:
        assert (latencies < ms).mean() == pytest.approx(1 - 1 / rarity, abs=1e-9)


def test_over_time_keeps_the_slowest_request(make_trace: Make) -> None:
    latency = np.full(50_000, 0.001)
    latency[31_337] = 2.0
    series = named(over_time({"api": [make_trace(latency)]}), "api")
    assert 2_000.0 in np.round(series.y, 6)
    assert len(series.x) <= MAX_POINTS


def test_throughput_counts_answers_not_requests(traces: Traces) -> None:
    chart = throughput(traces)
    assert chart.table["due (per s)"].sum() == pytest.approx(3_000, abs=2)
    assert sum(named(chart, "api").y) == pytest.approx(traces["api"][0].ok.sum(), abs=20)


def test_every_series_looks_different() -> None:
    looks = [look(place) for place in range(24)]
    assert len({(o.colour, o.dash, o.marker) for o in looks}) == 24
    first = looks[:4]
    assert [o.colour for o in first] == list(COLOURS)
    assert len({o.dash for o in first}) == len({o.marker for o in first}) == 4
