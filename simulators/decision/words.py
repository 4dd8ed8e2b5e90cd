"""A decision in words: what wins, under which assumptions, how sure, what was measured, and what would flip it."""

from collections.abc import Iterator, Sequence

from data.estimate import Estimate
from data.estimates import as_text
from data.estimates.text import digits
from data.prices.model import OLD_MONTHS
from data.scenario import Scenario
from simulators.decision.decision import Decision, Statement
from simulators.decision.scorecard import Scorecard
from simulators.decision.switches import Flip, Switch

_FLIPS_SAID = 3
_LIMITS = {
    "slo": "the service level objective", "budget": "the budget", "staleness": "the greatest age of an answer",
    "slo_missed": "the minutes a month in which the objective may be missed", "device": "data staying on the device",
    "capacity": "the forecast's peak",
}  # fmt: skip


def statements(scenario: Scenario, decision: Decision) -> tuple[Statement, ...]:
    """Everything that is to be said, the choice first."""
    return (
        *_choice(scenario, decision),
        *_surety(decision),
        *_limits(decision),
        *_front(decision),
        *_flips(decision),
        *_assumptions(scenario, decision),
        *_source(decision),
        *_missing(decision),
    )


def _choice(scenario: Scenario, decision: Decision) -> Iterator[Statement]:
    allowed = [card for card in decision.cards if card.allowed]
    n = len(decision.cards)
    if not decision.chosen:
        why = "every candidate breaks a limit" if all(c.excluded for c in decision.cards) else "see what is not shown"
        yield Statement("choice", f"No choice: none of the {n} candidates is shown to keep every limit ({why}).")
        return
    card = decision.card(decision.chosen)
    figures = f"{_cost(card)}, p{scenario.slo.percentile:g} {as_text(card.latency)}"
    of = f"{len(allowed)} of {n} candidates keep every limit" if len(allowed) > 1 else f"the only one of {n}"
    if decision.rule == "weights" and decision.ranking is not None:
        weights = ", ".join(f"{axis} {weight:g}" for axis, weight in decision.ranking.weights.items())
        yield Statement(
            "choice", f"{decision.chosen} has the best score for your weights ({weights}): {figures}. {_capital(of)}."
        )
    elif len(allowed) > 1:
        yield Statement(
            "choice", f"{decision.chosen} is the cheapest that keeps every limit: {figures}. {_capital(of)}."
        )
    else:
        yield Statement("choice", f"{decision.chosen} is {of} candidates that keeps every limit: {figures}.")


def _surety(decision: Decision) -> Iterator[Statement]:
    if not decision.chosen:
        return
    if not decision.tied:
        sure = "its lead is wider than the intervals" if len([c for c in decision.cards if c.allowed]) > 1 else ""
        if sure:
            yield Statement("surety", f"The data separate it from every other one that keeps the limits: {sure}.")
        return
    others = _listed(decision.tied)
    yield Statement("surety", f"Not separated from {others}: between these there is no ranking.")
    for each in decision.separations:
        yield Statement("surety", each.says)


def _limits(decision: Decision) -> Iterator[Statement]:
    for outcome, verb in (("broken", "Out"), ("not shown", "Open")):
        for card in decision.cards:
            if outcome == "not shown" and card.excluded:
                continue
            found = [limit for limit in card.limits if limit.outcome == outcome]
            if found:
                reasons = "; ".join(f"{_LIMITS[limit.name]}: {limit.says}" for limit in found)
                yield Statement("limits", f"{verb}: {card.name} ({reasons}).")


def _front(decision: Decision) -> Iterator[Statement]:
    if decision.front:
        dominated = [name for name in decision.placed if name not in decision.front]
        axes = _listed(decision.axes)
        rest = f"; {_listed(dominated)} {'is' if len(dominated) == 1 else 'are'} beaten" if dominated else ""
        yield Statement("front", f"On {axes}, nothing beats {_listed(decision.front)}{rest}.")


def _flips(decision: Decision) -> Iterator[Statement]:
    near = [flip for flip in decision.flips if flip.nearest is not None][:_FLIPS_SAID]
    if not decision.chosen:
        return
    if not near:
        yield Statement("flips", "Nothing that was looked at flips the choice, moved by a factor of up to 1,000.")
    for flip in near:
        assert flip.nearest is not None
        yield Statement("flips", said_of(flip, flip.nearest))


def said_of(flip: Flip, switch: Switch) -> str:
    """One switching value in a sentence."""
    way = "rises above" if switch.factor > 1 else "falls below"
    flips = f"The choice flips to {switch.to}" if switch.to else "Nobody keeps every limit any more"
    change = f"{switch.factor - 1:+.0%}" if 0.5 < switch.factor < 2 else f"× {digits(switch.factor)}"
    unit = f" {flip.input.unit}" if flip.input.unit else ""
    return (
        f"{flips} when {_lower(flip.input.title)} {way} {digits(switch.value)}{unit} "
        f"({change}; now {digits(flip.input.now)})."
    )


def _assumptions(scenario: Scenario, decision: Decision) -> Iterator[Statement]:
    forecast, cost = scenario.forecast, scenario.cost
    yield Statement(
        "assumptions",
        f"Forecast: {digits(forecast.rate_rps)} requests/s on average (±{forecast.uncertainty_share:.0%}), "
        f"{digits(forecast.rate_rps * (1 + forecast.swing))} at the daily peak; a month of {cost.hours_per_month:g} "
        f"hours; fixed machines with {cost.headroom_share:.0%} headroom and {cost.redundancy} spare.",
    )
    prices = decision.prices
    if prices is not None:
        age = f"{prices.newest_months:.0f} to {prices.oldest_months:.0f} months old"
        old = " Check the old ones before you rely on them." if prices.oldest_months > OLD_MONTHS else ""
        yield Statement("assumptions", f"Prices: {prices.title} ({prices.name}), {age}.{old}")
    staff = [card for card in decision.cards if card.cost and any(x.role == "staff.hour" for x in card.cost.lines)]
    if not staff:
        yield Statement("assumptions", "Operating effort is not in the bills: no candidate states staff hours.")


def _source(decision: Decision) -> Iterator[Statement]:
    measured = [card.name for card in decision.cards if card.origin == "measured"]
    simulated = [card.name for card in decision.cards if card.origin == "simulated"]
    parts = [f"{len(names)} {how}" for names, how in ((measured, "measured"), (simulated, "simulated")) if names]
    yield Statement("source", f"{_capital(' and '.join(parts))} on the same requests. {decision.about_profile}".strip())
    if decision.errors_seen:
        each = ", ".join(f"{e.figure} {e.share:+.0%} ({e.candidate}, n={e.n:,})" for e in decision.errors_seen)
        yield Statement("source", f"Error of the simulation where both were seen here: {each}.")
    elif simulated:
        yield Statement(
            "source", "No error of the simulation was seen here: nothing measured is like what was profiled."
        )
    nearest: dict[str, list[str]] = {}
    for card in decision.cards:
        if card.error_seen:
            nearest.setdefault(card.error_seen, []).append(card.name)
    for error, names in nearest.items():
        yield Statement("source", f"Error seen nearest to the prediction of {_listed(names)}: {error}.")


def _missing(decision: Decision) -> Iterator[Statement]:
    for card in decision.cards:
        for reason in card.missing:
            yield Statement("missing", f"{card.name}: {reason}")


def _cost(card: Scorecard) -> str:
    if card.cost is None:
        return "cost not known"
    figure: Estimate = card.cost.usd_per_month
    return f"{figure.value:,.2f} USD a month ({figure.low:,.2f}–{figure.high:,.2f})"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(title: str) -> str:
    """A title inside a sentence; only its first word loses its capital."""
    first, _, rest = title.partition(" ")
    return f"{first.lower()} {rest}".strip()
