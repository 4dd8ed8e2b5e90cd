"""From a comparison to a decision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from data.estimate import Estimate
from data.prices import price_list
from data.scenario import Scenario
from simulators.comparison.comparison import Comparison
from simulators.cost.break_even import curves
from simulators.decision.cards import Known, known_of, prices_used
from simulators.decision.decision import Break, CostCurves, Decision, ErrorSeen
from simulators.decision.error_seen import errors_seen, figure_of, nearest_error
from simulators.decision.evidence import Evidence, fidelity_said
from simulators.decision.flips import flips, two_way
from simulators.decision.front import pareto_front, points_of
from simulators.decision.question import Option, Question
from simulators.decision.ranking import Ranking, rank, weights_of
from simulators.decision.scorecard import Scorecard
from simulators.decision.separating import Separation, cost_separation, costs_separated, separation
from simulators.decision.words import statements
from simulators.plan import bottleneck
from strategies.training.watch import CancelCheck, Progress, never, silent

_KNOWN_HERE = ("slo", "budget", "capacity", "slo_missed")
"""Limits that moved inputs decide anew."""


def decide(
    comparison: Comparison,
    evidence: Evidence,
    *,
    today: date | None = None,
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> Decision:
    """The decision that a comparison and a model's profile lead to. The same every time for the same of both.

    Parameters
    ----------
    today
        The day from which the age of prices is counted.

    Raises
    ------
    UnknownKind
        There is no price list of the scenario's name.
    Cancelled
        `cancelled` said yes.
    """
    scenario = comparison.scenario
    prices = price_list(scenario.prices)
    known: list[Known] = []
    for place, result in enumerate(comparison.results):
        progress(f"costs and risk of {result.candidate.name}", 0.6 * place / len(comparison.results))
        known.append(known_of(scenario, result, evidence, prices, cancelled))
    seen = errors_seen(comparison, evidence)
    cards = _with_errors_seen(scenario, known, seen, evidence)
    points = points_of([each.card for each in known if each.trusted], scenario.weights.risk_figure)
    question = question_of(scenario, known, evidence)
    progress("what would flip it", 0.6)
    found = flips(question, cancelled)
    chosen = question.winner()
    progress("where costs cross", 0.95)
    decision = Decision(
        scenario=scenario.to_toml(),
        group=comparison.group,
        cards=cards,
        axes=tuple(next(iter(points.values()), {})),
        placed=tuple(points),
        front=pareto_front(points),
        rule="weights" if weights_of(scenario.weights) else "cheapest",
        chosen=chosen,
        tied=(),
        ranking=_ranking(scenario, known),
        separations=(),
        flips=found,
        two_way=two_way(question, found),
        curves=_curves(known, scenario),
        errors_seen=seen,
        prices=prices_used(prices, [card.cost for card in cards if card.cost], today or date.today()),
        about_profile=" ".join(filter(None, (evidence.about, fidelity_said() if evidence.profile else ""))),
    )
    tied, apart = _tied(scenario, known, decision)
    decision = replace(decision, tied=tied, separations=apart)
    return replace(decision, words=statements(scenario, decision))


def _with_errors_seen(
    scenario: Scenario, known: Sequence[Known], seen: Sequence[ErrorSeen], evidence: Evidence
) -> tuple[Scorecard, ...]:
    """The cards, each simulated one with the error seen nearest to it."""
    figure = figure_of(scenario.slo.percentile)

    def card(each: Known) -> Scorecard:
        if each.card.origin == "measured" or each.plan is None:
            return each.card
        busy = bottleneck(each.plan, scenario.workload.mean_rate_rps).utilisation
        return replace(each.card, error_seen=nearest_error(each.candidate, figure, seen, evidence, busy))

    return tuple(card(each) for each in known)


def question_of(scenario: Scenario, known: Sequence[Known], evidence: Evidence) -> Question:
    """The choice as a function of its inputs."""
    return Question(scenario, tuple(_option(each) for each in known), evidence)


def _option(known: Known) -> Option:
    card = known.card
    money = card.cost.usd_per_month if card.cost else None
    others = [limit.outcome == "kept" for limit in card.limits if limit.name not in _KNOWN_HERE]
    latency, failed = card.latency, card.failed
    return Option(
        candidate=known.candidate,
        # Runs that are not to be trusted decide nothing, whatever their figures say.
        latency=latency if isinstance(latency, Estimate) and known.trusted else None,
        failed=failed if isinstance(failed, Estimate) else None,
        cost=known.cost,
        cost_spread=money.high / money.value if money and money.value else 1.0,
        risk=known.risk,
        missed=known.missed,
        other_limits_kept=all(others) and not known.overloaded,
        can_be_simulated=known.plan is not None,
    )


def _ranking(scenario: Scenario, known: Sequence[Known]) -> Ranking | None:
    """The ranking of those that keep every limit; None without weights."""
    weights = weights_of(scenario.weights)
    allowed = [each.card for each in known if each.card.allowed]
    points = points_of(allowed, scenario.weights.risk_figure)
    return rank(points, weights) if weights and points else None


def _curves(known: Sequence[Known], scenario: Scenario) -> CostCurves | None:
    models = {each.card.name: each.cost for each in known if each.cost is not None and each.trusted}
    if not models:
        return None
    found = curves(models, scenario.forecast.rate_rps)
    return CostCurves(
        tuple(found.rate_rps.tolist()),
        {name: tuple(costs.tolist()) for name, costs in found.usd_per_month.items()},
        tuple(Break(b.rate_rps, b.low_rps, b.high_rps, b.below, b.above) for b in found.breaks),
    )


def _tied(
    scenario: Scenario, known: Sequence[Known], decision: Decision
) -> tuple[tuple[str, ...], tuple[Separation, ...]]:
    """Those that are not separated from the chosen one, and what would separate them."""
    by_name = {each.card.name: each for each in known}
    if not decision.chosen:
        return (), ()
    chosen = by_name[decision.chosen]
    if decision.ranking is not None:
        tied = tuple(name for name in decision.ranking.best if name != decision.chosen)
        return tied, tuple(_apart(scenario, chosen, by_name[name], decision) for name in tied)
    tied_on_cost: list[str] = []
    found: list[Separation] = []
    for each in known:
        if each is chosen or not each.card.allowed or each.cost is None or chosen.cost is None:
            continue
        if not costs_separated(chosen.cost, each.cost):
            tied_on_cost.append(each.card.name)
            found.append(cost_separation(scenario, decision.chosen, each.card.name, chosen.cost, each.cost))
    return tuple(tied_on_cost), tuple(found)


def _apart(scenario: Scenario, one: Known, other: Known, decision: Decision) -> Separation:
    """What would separate two in a ranking: the axis that overlaps and weighs the most."""
    assert decision.ranking is not None
    figure = scenario.weights.risk_figure
    weights = decision.ranking.weights
    overlapping: list[tuple[float, str]] = []
    for axis, weight in weights.items():
        a, b = one.card.axis(axis, figure), other.card.axis(axis, figure)
        if a is not None and b is not None and (a.overlaps(b) or len(weights) == 1):
            overlapping.append((weight, axis))
    axis = max(overlapping)[1] if overlapping else max(weights, key=lambda name: weights[name])
    if axis == "cost" and one.cost and other.cost:
        return cost_separation(scenario, one.card.name, other.card.name, one.cost, other.cost)
    a, b = one.card.axis(axis, figure), other.card.axis(axis, figure)
    assert a is not None
    assert b is not None
    return separation(scenario, one.card.name, other.card.name, axis, a, b)
