"""A decision as rows of text: the one place where its figures are rounded, for the page, the command and the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.estimate import Estimate
from data.estimates import as_text
from data.scenario import Scenario
from simulators.decision.decision import Decision
from simulators.decision.scorecard import Scorecard

NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class CardRow:
    """One candidate's scorecard."""

    name: str
    title: str
    origin: str
    standing: str
    """chosen, not separated from it, keeps every limit, out, or open."""
    front: bool
    latency: str
    cost: str
    per_million: str
    risk: str


def card_rows(scenario: Scenario, decision: Decision) -> tuple[CardRow, ...]:
    """One row a candidate, in the scenario's order."""
    figure = scenario.weights.risk_figure
    return tuple(
        CardRow(
            card.name,
            card.title,
            card.origin,
            standing(decision, card),
            card.name in decision.front,
            as_text(card.latency) if card.latency is not None else NOT_KNOWN,
            money(card.cost.usd_per_month) if card.cost else NOT_KNOWN,
            money(card.cost.usd_per_million) if card.cost else NOT_KNOWN,
            as_text(card.risk[figure].estimate) if figure in card.risk else NOT_KNOWN,
        )
        for card in decision.cards
    )


def standing(decision: Decision, card: Scorecard) -> str:
    """How a candidate stands, in a word or few."""
    if card.name == decision.chosen:
        return "chosen"
    if card.name in decision.tied:
        return f"not separated from {decision.chosen}"
    if card.allowed:
        return "keeps every limit"
    return "out" if card.excluded else "open"


def money(estimate: Estimate) -> str:
    """Dollars and cents with their interval.

    >>> money(Estimate(34.333, 33.54, 35.13, 500, "USD/month"))
    '34.33 USD (33.54–35.13)'
    """
    places = 2 if estimate.value >= 0.1 else 6
    return f"{estimate.value:,.{places}f} USD ({estimate.low:,.{places}f}–{estimate.high:,.{places}f})"


def risk_title(decision: Decision, name: str) -> str:
    """What people call the figure that stands for risk."""
    return next((card.risk[name].title for card in decision.cards if name in card.risk), name.replace("_", " "))


def headings(scenario: Scenario, decision: Decision) -> Mapping[str, str]:
    """Field of `CardRow` to what people read."""
    return {
        "name": "candidate",
        "title": "what it is",
        "origin": "source",
        "standing": "stands",
        "latency": f"p{scenario.slo.percentile:g}",
        "cost": "a month",
        "per_million": "a million predictions",
        "risk": risk_title(decision, scenario.weights.risk_figure),
    }


def as_lines(scenario: Scenario, decision: Decision) -> str:
    """The scorecards and everything that is said, as plain text."""
    names = headings(scenario, decision)
    rows = [list(names.values())]
    rows += [[str(getattr(row, name)) for name in names] for row in card_rows(scenario, decision)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)
    said = "\n".join(f"- {statement.text}" for statement in decision.words)
    return f"{table}\n\n{said}"


def bill_lines(card: Scorecard) -> Sequence[str]:
    """The bill's arithmetic, a line each."""
    return [f"{line.part}: {line.arithmetic}" for line in card.cost.lines] if card.cost else []
