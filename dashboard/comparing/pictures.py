"""The pictures of a decision, each by the name that people choose it by."""

from collections.abc import Callable

from dashboard.charts.break_even import break_even
from dashboard.charts.chart import Chart
from dashboard.charts.dotplot import dotplot
from dashboard.charts.ecdf import ecdf
from dashboard.charts.over_time import over_time
from dashboard.charts.pareto import pareto
from dashboard.charts.tail import tail
from dashboard.charts.throughput import throughput
from dashboard.charts.tornado import tornado
from dashboard.charts.two_way import two_way
from dashboard.comparing.loading import traces_of
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.decision.decision import Decision

CHARTS = {
    "Front": "Down and left is better. Hollow: another candidate beats it on every axis. Larger: more risk. ★: chosen.",
    "Break-even": "Where two curves cross, the cheapest changes. Grey bands: where the crossing may lie.",
    "Tornado": "The shorter a bar, the sooner the choice changes when that input alone is different.",
    "Two inputs": "Who is chosen when the two inputs that are nearest to flipping the choice move together.",
}


def latency_charts(comparison: Comparison) -> dict[str, Callable[[], Chart | None]]:
    """Each chart of latencies, of the runs that are to be trusted (of all, where none is).

    Where a chart shows one repetition, it is the first.
    """
    traces, slo = traces_of(comparison, valid=True) or traces_of(comparison), comparison.scenario.slo
    if not traces:
        return {}
    return {
        "Every request": lambda: ecdf(traces, slo),
        "Fifty requests": lambda: dotplot(traces, slo),
        "The slowest": lambda: tail(traces, slo),
        "Over time": lambda: over_time(traces, slo, 0),
        "Throughput": lambda: throughput(traces, 0),
    }


def charts_of(scenario: Scenario, decision: Decision) -> dict[str, Callable[[], Chart | None]]:
    """Each chart's name, and how to draw it."""
    return {
        "Front": lambda: pareto(scenario, decision),
        "Break-even": lambda: break_even(scenario, decision),
        "Tornado": lambda: tornado(decision),
        "Two inputs": lambda: two_way(decision),
    }
