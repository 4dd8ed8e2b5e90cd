"""A decision record under the headings of MADR (Markdown Any Decision Records, https://adr.github.io/madr/).

Its confirmation is the scenario itself and the command that runs it again and ends with a status other than 0 when the
decision no longer holds.
"""

from collections.abc import Iterator
from datetime import date

from data.estimates import as_text
from data.scenario import Scenario
from simulators.decision.decision import Decision, Topic
from simulators.decision.text import bill_lines, card_rows, headings, standing
from simulators.decision.words import said_of


def record(scenario: Scenario, decision: Decision, day: date) -> str:
    """The record as Markdown."""
    return "\n".join(_lines(scenario, decision, day)).strip() + "\n"


def command(scenario: Scenario, decision: Decision) -> str:
    """What runs the check again; it ends with 0 as long as the same candidate is chosen."""
    expected = f" ARGS='--expect {decision.chosen}'" if decision.chosen else ""
    return f"make compare SCENARIO={scenario.name}.toml{expected}"


def _lines(scenario: Scenario, decision: Decision, day: date) -> Iterator[str]:
    status = "accepted" if decision.holds else "proposed"
    yield from ("---", f"status: {status}", f"date: {day.isoformat()}", "---", "")
    yield from (f"# {_title(scenario, decision)}", "")
    yield from ("## Context and Problem Statement", "", scenario.title or f"How to deploy {scenario.name}?", "")
    yield from _said(decision, "assumptions")
    yield from ("", "## Decision Drivers", "")
    yield from _drivers(scenario)
    yield from ("", "## Considered Options", "")
    yield from (f"* {card.name}: {card.title} ({card.origin})" for card in decision.cards)
    yield from ("", "## Decision Outcome", "")
    yield from _outcome(decision)
    yield from ("", "### Consequences", "")
    yield from _consequences(decision)
    yield from ("", "### Confirmation", "")
    yield from _confirmation(scenario, decision)
    yield from ("", "## Pros and Cons of the Options", "")
    yield from _options(scenario, decision)
    yield from ("## More Information", "")
    yield from _said(decision, "source")
    yield from _said(decision, "missing")


def _title(scenario: Scenario, decision: Decision) -> str:
    what = scenario.title or scenario.name
    return f"{what.rstrip('?')}: {decision.chosen or 'not decided'}"


def _drivers(scenario: Scenario) -> Iterator[str]:
    slo, budget = scenario.slo, scenario.budget
    failed = f"at most {slo.max_error_share * 100:g}% failed"
    yield f"* p{slo.percentile:g} of latency within {slo.latency_ms:g} ms, {failed}"
    if budget.usd_per_month is not None:
        yield f"* at most {budget.usd_per_month:,.2f} USD a month"
    if budget.max_staleness_s is not None:
        yield f"* no answer older than {budget.max_staleness_s:,g} s"
    if budget.max_slo_missed_min_per_month is not None:
        yield f"* the objective missed for at most {budget.max_slo_missed_min_per_month:,g} minutes a month"
    if budget.data_stays_on_device:
        yield "* what requests carry does not leave the device"
    weights = {"latency": scenario.weights.latency, "cost": scenario.weights.cost, "risk": scenario.weights.risk}
    given = [f"{axis} {weight:g}" for axis, weight in weights.items() if weight]
    yield f"* weights: {', '.join(given)}" if given else "* then cost: no weights were set"


def _outcome(decision: Decision) -> Iterator[str]:
    if decision.chosen:
        why = " ".join(s.text for s in decision.words if s.topic in ("choice", "surety"))
        yield f'Chosen option: "{decision.chosen}", because of this: {why}'
    else:
        yield from _said(decision, "choice", bullet="")
    yield ""
    yield from _said(decision, "front")


def _consequences(decision: Decision) -> Iterator[str]:
    if not decision.chosen:
        yield "* Bad, because nothing is decided: see what is open under the options."
        return
    card = decision.card(decision.chosen)
    yield f"* Good, because it keeps every limit: {'; '.join(limit.says for limit in card.limits)}."
    if card.cost:
        yield f"* Neutral, because a month costs {card.cost.usd_per_month.value:,.2f} USD:"
        yield from (f"  * {line}" for line in bill_lines(card))
    for figure in card.risk.values():
        if figure.basis == "simulated":
            yield f"* Neutral, because of risk: {figure.title[:1].lower()}{figure.title[1:]} {as_text(figure.estimate)}"
    for flip in decision.flips[:5]:
        if flip.nearest is not None:
            yield f"* Bad, because it does not hold for ever. {said_of(flip, flip.nearest)}"


def _confirmation(scenario: Scenario, decision: Decision) -> Iterator[str]:
    yield "The scenario below is the whole check. Keep it beside this record, and run it again when anything changes:"
    yield from ("", "```sh", command(scenario, decision), "```", "")
    yield "It ends with 0 as long as the same candidate is chosen, and with another status when that no longer holds."
    yield from ("", f"`{scenario.name}.toml`:", "", "```toml", scenario.to_toml().rstrip(), "```")


def _options(scenario: Scenario, decision: Decision) -> Iterator[str]:
    names = headings(scenario, decision)
    for row, card in zip(card_rows(scenario, decision), decision.cards, strict=True):
        yield from (f"### {card.name}", "", f"{card.title}; {card.origin}; {standing(decision, card)}.", "")
        yield f"* {names['latency']}: {row.latency}"
        yield f"* {names['cost']}: {row.cost}; {names['per_million']}: {row.per_million}"
        yield f"* {names['risk']}: {row.risk}"
        if card.error_seen:
            yield f"* error seen nearest to it: {card.error_seen}"
        for limit in card.limits:
            kind = {"kept": "Good", "broken": "Bad", "not shown": "Neutral"}[limit.outcome]
            yield f"* {kind}, because of the limit {limit.name.replace('_', ' ')}: {limit.says}"
        if card.name in decision.placed and not row.front:
            yield "* Bad, because another one beats it on every axis"
        yield ""


def _said(decision: Decision, topic: Topic, bullet: str = "* ") -> Iterator[str]:
    yield from (f"{bullet}{statement.text}" for statement in decision.words if statement.topic == topic)
