"""What each candidate costs as traffic grows, and where the cheapest changes."""

import pandas as pd

from dashboard.charts.chart import GUIDE, Chart, figure, label, legend, line, look
from dashboard.charts.latency import logarithmic
from data.estimates.text import digits
from data.scenario import Scenario
from simulators.decision.decision import CostCurves, Decision

_DRAWN = 8
"""More curves than this hide each other: then those that are cheapest somewhere, or chosen, are drawn first."""


def break_even(scenario: Scenario, decision: Decision) -> Chart | None:
    """Monthly cost over six decades of traffic, with the traffic at which another becomes the cheapest; None without
    any bill."""
    curves = decision.curves
    if curves is None:
        return None
    drawn = figure("Requests per second, mean of a month (logarithmic)", "US dollars a month (logarithmic)")
    logarithmic(drawn, (curves.rate_rps[0], curves.rate_rps[-1]))
    names = _worth_drawing(curves, decision)
    logarithmic(drawn, [cost for name in names for cost in curves.usd_per_month[name]], "y")
    for place, name in enumerate(curves.usd_per_month):
        if name in names:
            hover = f"{name}: %{{y:,.2f}} USD a month at %{{x:.3g}} requests/s<extra></extra>"
            costs = curves.usd_per_month[name]
            drawn.add_trace(line(look(place), name, curves.rate_rps, costs, hovertemplate=hover))
    for found in curves.breaks:
        drawn.add_vrect(x0=found.low_rps, x1=found.high_rps, fillcolor=GUIDE, opacity=0.18, line_width=0)
        drawn.add_vline(x=found.rate_rps, line={"color": GUIDE, "dash": "dot", "width": 1.5})
    drawn.add_vline(x=scenario.forecast.rate_rps, line={"color": GUIDE, "dash": "longdash", "width": 2})
    # At the foot of the chart: 1, whose logarithm is 0.
    label(drawn, "forecast", scenario.forecast.rate_rps, 1, yref="paper", yanchor="bottom", xshift=4)
    legend(drawn)
    return Chart(drawn, _alt(scenario, decision, curves), _table(curves))


def _worth_drawing(curves: CostCurves, decision: Decision) -> list[str]:
    names = list(curves.usd_per_month)
    if len(names) <= _DRAWN:
        return names
    leading = [name for found in curves.breaks for name in (found.below, found.above)]
    wanted = [*filter(None, [decision.chosen]), *leading, *names]
    return list(dict.fromkeys(wanted))[:_DRAWN]


def said_of_breaks(curves: CostCurves) -> list[str]:
    """A sentence for each traffic at which the cheapest changes."""
    return [
        f"Up to {digits(found.rate_rps)} requests/s ({digits(found.low_rps)}–{digits(found.high_rps)}) {found.below} "
        f"is cheaper than {found.above}, from there on {found.above}."
        for found in curves.breaks
    ]


def _alt(scenario: Scenario, decision: Decision, curves: CostCurves) -> str:
    said = " ".join(said_of_breaks(curves)) or "The same candidate is the cheapest at all traffic."
    now = {card.name: card.cost.usd_per_month.value for card in decision.cards if card.cost}
    costs = ", ".join(f"{name} {usd:,.2f}" for name, usd in now.items())
    return (
        f"Cost against traffic from {curves.rate_rps[0]:.3g} to {curves.rate_rps[-1]:,.4g} requests per second. {said} "
        f"At the forecast of {digits(scenario.forecast.rate_rps)} requests/s, in USD a month: {costs}."
    )


def _table(curves: CostCurves) -> pd.DataFrame:
    table = pd.DataFrame({f"{name} (USD a month)": costs for name, costs in curves.usd_per_month.items()})
    table.index = pd.Index([float(f"{rate:.4g}") for rate in curves.rate_rps], name="requests per second")
    return table
