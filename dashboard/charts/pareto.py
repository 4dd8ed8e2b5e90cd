"""Cost against latency: what no other candidate beats, and what is beaten, hollow."""

import pandas as pd

from dashboard.charts.chart import GUIDE, Chart, figure, guide, look
from dashboard.charts.latency import logarithmic, name_of_slo
from data.estimate import Estimate
from data.scenario import Scenario
from simulators.decision.decision import Decision
from simulators.decision.scorecard import Scorecard
from simulators.decision.text import risk_title, standing

_SIZE_PX = (11.0, 26.0)
_SIDES = ("top center", "middle right", "bottom center", "middle left")


def pareto(scenario: Scenario, decision: Decision) -> Chart:
    """A point a candidate, with both intervals; the larger, the more risk. Those that another beats are hollow."""
    figure_name = scenario.weights.risk_figure
    title = risk_title(decision, figure_name)
    drawn = figure(f"p{scenario.slo.percentile:g} of latency in ms (logarithmic)", "US dollars a month (logarithmic)")
    placed = [card for card in decision.cards if card.name in decision.placed]
    points = [(card, card.axis("latency", ""), card.axis("cost", "")) for card in placed]
    both = [(card, x, y) for card, x, y in points if x is not None and y is not None]
    logarithmic(drawn, [v for _, x, _ in both for v in (x.low, x.high)] + [scenario.slo.latency_ms])
    logarithmic(drawn, [v for _, _, y in both for v in (y.low, y.high)], "y")
    sizes = _sizes([card for card, _, _ in both], figure_name)
    by_cost = sorted(range(len(both)), key=lambda i: both[i][2].value)
    for place, (card, x, y) in enumerate(both):
        style, on_front = look(place), card.name in decision.front
        drawn.add_scatter(
            x=[x.value],
            y=[y.value],
            name=card.name,
            mode="markers+text",
            text=[f"{card.name} ★" if card.name == decision.chosen else card.name],
            textposition=_SIDES[by_cost.index(place) % len(_SIDES)],  # neighbours' names on different sides
            textfont={"size": 13},
            cliponaxis=False,
            error_x=_bars(x, style.colour),
            error_y=_bars(y, style.colour),
            marker={
                "color": style.colour, "symbol": style.marker if on_front else f"{_hollow(style.marker)}-open",
                "size": sizes[card.name], "line": {"width": 2.5, "color": style.colour},
            },
            hovertemplate=_hover(card, decision, title, figure_name),
        )  # fmt: skip
    front = sorted((x.value, y.value) for card, x, y in both if card.name in decision.front)
    drawn.add_scatter(
        x=[x for x, _ in front], y=[y for _, y in front], mode="lines", hoverinfo="skip", name="front",
        line={"color": GUIDE, "dash": "dot", "width": 1.5},
    )  # fmt: skip
    guide(drawn, name_of_slo(scenario.slo), x=scenario.slo.latency_ms)
    return Chart(drawn, _alt(decision, both), _table(scenario, decision, title))


def _bars(estimate: Estimate, colour: str) -> dict[str, object]:
    return {
        "type": "data", "symmetric": False, "array": [estimate.high - estimate.value],
        "arrayminus": [estimate.value - estimate.low], "thickness": 1.2, "width": 3, "color": colour,
    }  # fmt: skip


def _hollow(marker: str) -> str:
    # A cross or an x is hollow in no way that is seen: a circle stands for it.
    return marker if marker not in ("x", "cross") else "circle"


def _sizes(cards: list[Scorecard], name: str) -> dict[str, float]:
    """Marker sizes by risk, the smallest for the least; all the same where it is not known of all."""
    risks = {card.name: card.axis("risk", name) for card in cards}
    values = [risk.value for risk in risks.values() if risk is not None]
    low, high = _SIZE_PX
    if len(values) < len(cards) or not values or max(values) == min(values):
        return dict.fromkeys(risks, low + 3)
    least, span = min(values), max(values) - min(values)
    return {n: low + (high - low) * (risk.value - least) / span for n, risk in risks.items() if risk is not None}


def _hover(card: Scorecard, decision: Decision, title: str, name: str) -> str:
    risk = card.axis("risk", name)
    said = f"<br>{title}: {risk.value:,.3g} {risk.unit}" if risk else ""
    beaten = "" if card.name in decision.front else "<br>another one beats it"
    return f"{card.name} ({card.origin})<br>%{{x:.3g}} ms, %{{y:,.2f}} USD a month{said}{beaten}<extra></extra>"


def _alt(decision: Decision, both: list[tuple[Scorecard, Estimate, Estimate]]) -> str:
    if not both:
        return "Cost against latency: no candidate has valid figures for both."
    said = "; ".join(f"{card.name} {x.value:.3g} ms and {y.value:,.2f} USD a month" for card, x, y in both)
    beaten = ", ".join(name for name in decision.placed if name not in decision.front)
    return (
        f"Cost against latency, one point a candidate: {said}. Nothing beats {', '.join(decision.front)}"
        f"{f'; beaten, drawn hollow: {beaten}' if beaten else ''}."
    )


def _table(scenario: Scenario, decision: Decision, title: str) -> pd.DataFrame:
    rows = []
    for card in decision.cards:
        found = {axis: card.axis(axis, scenario.weights.risk_figure) for axis in ("latency", "cost", "risk")}
        names = {"latency": f"p{scenario.slo.percentile:g} (ms)", "cost": "USD a month", "risk": title}
        values = {names[a]: e.value if e else None for a, e in found.items()}
        rows.append({"candidate": card.name, "source": card.origin, "stands": standing(decision, card), **values})
    return pd.DataFrame(rows).set_index("candidate")
