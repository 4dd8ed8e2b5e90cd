"""Hard limits: what a candidate must keep, whatever else speaks for it."""

from collections.abc import Iterator

from data.estimate import Estimate, Figure, TooFew
from data.estimates import as_text
from data.estimates.text import digits
from data.scenario import Candidate, Scenario
from simulators.comparison.verdict import Verdict
from simulators.decision.scorecard import Kept, Limit, Money, RiskValue

_KEPT: dict[str, Kept] = {"met": "kept", "missed": "broken"}
ON_DEVICE = ("embedded",)
"""Strategies whose model runs where the request is made."""


def limits_of(
    scenario: Scenario,
    candidate: Candidate,
    verdict: Verdict,
    money: Money | None,
    why_no_money: str,
    risk: dict[str, RiskValue],
    overloaded: str,
) -> tuple[Limit, ...]:
    """Every limit that the scenario sets, with how the candidate stands to it.

    Parameters
    ----------
    verdict
        Of its runs against the service level objective.
    why_no_money
        Why there is no bill, where there is none.
    overloaded
        Empty, or why its own limits do not let it serve the forecast's peak.
    """
    reasons = verdict.reasons[:1] if verdict.outcome in ("invalid", "not_measured") else verdict.reasons
    found = [Limit("slo", _KEPT.get(verdict.outcome, "not shown"), "; ".join(reasons).rstrip("."))]
    if overloaded:
        found.append(Limit("capacity", "broken", overloaded))
    found += _budget(scenario, money, why_no_money)
    found += _staleness(scenario, risk)
    found += _missed(scenario, risk)
    found += _device(scenario, candidate)
    return tuple(found)


def _budget(scenario: Scenario, money: Money | None, why: str) -> Iterator[Limit]:
    most = scenario.budget.usd_per_month
    if most is None:
        return
    if money is None:
        yield Limit("budget", "not shown", f"its bill is not known: {why}")
        return
    said = f"{digits(money.usd_per_month.value)} USD a month of {digits(most)}"
    yield Limit("budget", _within(money.usd_per_month, most), said)


def _staleness(scenario: Scenario, risk: dict[str, RiskValue]) -> Iterator[Limit]:
    most = scenario.budget.max_staleness_s
    if most is not None:
        yield _figure_limit("staleness", "staleness_s", risk, most, f"{digits(most)} s")


def _missed(scenario: Scenario, risk: dict[str, RiskValue]) -> Iterator[Limit]:
    most = scenario.budget.max_slo_missed_min_per_month
    if most is not None:
        yield _figure_limit("slo_missed", "slo_missed_min_month", risk, most, f"{digits(most)} min a month")


def _device(scenario: Scenario, candidate: Candidate) -> Iterator[Limit]:
    if scenario.budget.data_stays_on_device:
        inside = candidate.strategy in ON_DEVICE
        said = "the model runs where the request is made" if inside else "requests are sent to another process"
        yield Limit("device", "kept" if inside else "broken", said)


def _figure_limit(limit: str, name: str, risk: dict[str, RiskValue], most: float, said: str) -> Limit:
    if name not in risk:
        return Limit(limit, "not shown", "not known without a profile of the model")
    figure = risk[name].estimate
    exact = isinstance(figure, Estimate) and figure.low == figure.high  # computed, not drawn from samples
    value = f"{digits(figure.value)} {figure.unit}" if isinstance(figure, Estimate) and exact else as_text(figure)
    return Limit(limit, _within(figure, most), f"{value} of {said}")


def _within(figure: Figure, most: float) -> Kept:
    if isinstance(figure, TooFew):
        return "not shown"
    assert isinstance(figure, Estimate)
    if figure.high <= most:
        return "kept"
    return "broken" if figure.low > most else "not shown"
