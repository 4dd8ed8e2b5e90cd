"""The pictures of a decision, each by the name that people choose it by."""

from collections.abc import Callable

from dashboard.charts.break_even import break_even
from dashboard.charts.chart import Chart
from dashboard.charts.pareto import pareto
from dashboard.charts.tornado import tornado
from dashboard.charts.two_way import two_way
from data.scenario import Scenario
from simulators.decision.decision import Decision

CHARTS = {
    "Front": "Down and left is better. Hollow: another candidate beats it on every axis. Larger: more risk. ★: chosen.",
    "Break-even": "Where two curves cross, the cheapest changes. Grey bands: where the crossing may lie.",
    "Tornado": "The shorter a bar, the sooner the choice changes when that input alone is different.",
    "Two inputs": "Who is chosen when the two inputs that are nearest to flipping the choice move together.",
}


def charts_of(scenario: Scenario, decision: Decision) -> dict[str, Callable[[], Chart | None]]:
    """Each chart's name, and how to draw it."""
    return {
        "Front": lambda: pareto(scenario, decision),
        "Break-even": lambda: break_even(scenario, decision),
        "Tornado": lambda: tornado(decision),
        "Two inputs": lambda: two_way(decision),
    }
