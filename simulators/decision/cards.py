"""Scorecards: everything that is known of each candidate, gathered."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from data.errors import Cancelled, DrydockError, NotEstimable
from data.estimate import Estimate
from data.prices import PriceList
from data.scenario import Candidate, Scenario
from data.workloads.contract import Workload
from data.workloads.diurnal import Diurnal
from data.workloads.poisson import Poisson
from simulators.comparison.comparison import Result
from simulators.cost.bill import Bill
from simulators.cost.model import CostModel
from simulators.cost.money import cents
from simulators.cost.month import Month
from simulators.cost.sizing import most_of_a_unit, overloaded
from simulators.decision.candidates import architecture_of, measured_work, plan_of, shape_of, work_of
from simulators.decision.decision import PricesUsed
from simulators.decision.evidence import Evidence
from simulators.decision.limits import limits_of
from simulators.decision.question import RiskParts
from simulators.decision.scorecard import BillLine, Day, Money, RiskValue, Scorecard
from simulators.plan import Plan
from simulators.risk import RiskFigures, Stakes, assess
from simulators.simulate import simulate

DAY_S = 86_400.0
MOST_REQUESTS = 1_000_000
"""Of a busier day only the busiest hours are simulated."""
MOST_DRAWN = 500_000
"""Faults strike at moments of a whole day only where it has no more requests; else of steady traffic at its mean."""
RISK_RUNS, RISK_REQUESTS = 5, 5_000
_MISSED = {"slo_missed_min_month": "missed_min", "failed_month": "failed", "late_month": "late", "wrong_month": "wrong",
           "lost_month": "lost"}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One candidate's card, and what the flips need besides."""

    card: Scorecard
    candidate: Candidate
    cost: CostModel | None
    risk: RiskParts | None
    missed: RiskParts | None
    plan: Plan | None
    overloaded: str
    trusted: bool
    """Whether its runs were made, and made validly."""


def month_of(scenario: Scenario) -> Month:
    """The month that the scenario forecasts."""
    forecast, cost = scenario.forecast, scenario.cost
    return Month(
        forecast.rate_rps, forecast.swing, forecast.uncertainty_share, cost.hours_per_month, cost.free_tier,
        cost.headroom_share, cost.redundancy, cost.staff_usd_per_hour, cost.payload_bytes, cost.brokers,
        cost.nat_gateways, cost.releases_per_month,
    )  # fmt: skip


def known_of(
    scenario: Scenario, result: Result, evidence: Evidence, prices: PriceList, cancelled: Callable[[], bool]
) -> Known:
    """Gather one candidate's card."""
    if cancelled():
        raise Cancelled("The decision was cancelled.")
    candidate, month = result.candidate, month_of(scenario)
    missing: list[str] = []
    cost = _tried(missing, "its cost", lambda: _cost(result, evidence, month, prices))
    money = _tried(missing, "its bill", lambda: _money(cost)) if cost else None
    over = _overloaded(cost)
    plan = _tried(missing, "its simulation", lambda: _plan(candidate, evidence, cost, scenario))
    risk = _tried(missing, "its risk", lambda: _risk(scenario, candidate, plan, cancelled)) if plan else None
    day = _tried(missing, "its simulated day", lambda: _day(scenario, plan)) if plan else None
    values = _risk_values(risk)
    why = missing[0] if missing and money is None else ""
    card = Scorecard(
        candidate.name,
        _title(candidate),
        result.origin,
        result.summary.slo_percentile_ms if result.summary else None,
        result.summary.failed_share if result.summary else None,
        money,
        values,
        limits_of(scenario, candidate, result.verdict, money, why, values, over),
        day,
        tuple(missing),
    )
    trusted = result.verdict.outcome not in ("invalid", "not_measured")
    parts, missed = (_parts(risk, name) for name in (scenario.weights.risk_figure, "slo_missed_min_month"))
    return Known(card, candidate, cost if money else None, parts, missed, plan, over, trusted)


def forecast_day(scenario: Scenario) -> Diurnal:
    """A day of the forecast, or its busiest hours where there would be too many requests."""
    forecast = scenario.forecast
    peak_rps = forecast.rate_rps * (1 + forecast.swing)
    whole = forecast.rate_rps * DAY_S <= MOST_REQUESTS
    duration_s = DAY_S if whole else max(MOST_REQUESTS / peak_rps, 60.0)
    return Diurnal(rate_rps=forecast.rate_rps, swing=forecast.swing, duration_s=duration_s, peak_s=duration_s / 2)


def faulty_traffic(scenario: Scenario) -> Workload:
    """The traffic that faults strike."""
    rate_rps = scenario.forecast.rate_rps
    if rate_rps * DAY_S <= MOST_DRAWN:
        return Diurnal(rate_rps=rate_rps, swing=scenario.forecast.swing, duration_s=DAY_S)
    return Poisson(rate_rps=rate_rps, duration_s=min(DAY_S, MOST_DRAWN / rate_rps))


def prices_used(prices: PriceList, bills: list[Money], today: date) -> PricesUsed:
    """How old the prices on these bills are, and which are not sure."""
    ids = {line.price_id for money in bills for line in money.lines if line.price_id}
    entries = [entry for entry in prices.entries if entry.id in ids] or list(prices.entries)
    ages = [entry.age_months(today) for entry in entries]
    unsure = tuple(sorted(entry.id for entry in entries if entry.confidence != "high"))
    return PricesUsed(prices.name, prices.title, prices.provider, prices.region, min(ages), max(ages), unsure)


def money_of(bill: Bill, model: CostModel) -> Money:
    """A bill as plain values, the total to the cent."""
    lines = tuple(
        BillLine(line.part, line.item, float(line.usd), line.arithmetic, line.price_id, line.role)
        for line in bill.lines
    )
    monthly = replace(model.monthly(), value=float(bill.usd))
    monthly = replace(monthly, low=min(monthly.low, monthly.value), high=max(monthly.high, monthly.value))
    total = float(cents(bill.exact_usd))
    assert total == monthly.value
    return Money(lines, monthly, model.per(1_000), model.per(1_000_000), float(bill.hours), bill.notes)


# -- parts of a card -------------------------------------------------------------------------------------------------


def _tried(missing: list[str], what: str, make: Callable[[], Any]) -> Any:
    """What `make` gives; where it cannot, None, and the reason is kept."""
    try:
        return make()
    except Cancelled:
        raise
    except DrydockError as error:
        missing.append(f"{what}: {error}")
        return None


def _cost(result: Result, evidence: Evidence, month: Month, prices: PriceList) -> CostModel | None:
    candidate, summary = result.candidate, result.summary
    profile = evidence.of(candidate.architecture)
    if result.origin == "measured" and summary is not None:
        sent = [t.usage.sent_bytes / max(len(t), 1) for t in result.traces if t.usage.sent_bytes]
        work = measured_work(candidate, summary, sum(sent) / len(sent) if sent else None, profile)
        if work is not None:
            work = replace(work, package_bytes=evidence.package_bytes)
            return CostModel(shape_of(candidate), work, month, prices)
    if profile is None:
        raise NotEstimable("processor time of a request", 0, 2)
    return CostModel(shape_of(candidate), work_of(candidate, profile, evidence.package_bytes), month, prices)


def _money(cost: CostModel) -> Money:
    return money_of(cost.bill(), cost)


def _overloaded(cost: CostModel | None) -> str:
    if cost is None or not overloaded(cost.shape, cost.work, cost.month):
        return ""
    return (
        f"the forecast's peak of {cost.month.peak_rps:,.4g} requests/s takes more than the {cost.shape.most} replicas "
        "that it may have"
    )


def _plan(candidate: Candidate, evidence: Evidence, cost: CostModel | None, scenario: Scenario) -> Plan | None:
    profile = evidence.of(candidate.architecture)
    if profile is None:
        return None
    least = None
    if cost is not None and cost.shape.busy_share is None and cost.shape.platform in ("machines", "tasks"):
        least = most_of_a_unit(cost.shape, cost.work, cost.month)
    return plan_of(candidate, profile, timeout_s=scenario.measurement.timeout_s, least=least)


def _day(scenario: Scenario, plan: Plan) -> Day | None:
    slo = scenario.slo
    found = simulate(plan, forecast_day(scenario), seed=scenario.seed, keep_rows=False, watch=(), warm_up_s=0.0)
    scheduled, ok = found.counts["scheduled"], found.counts["ok"]
    if not ok:
        return None
    within = ok * (1 - found.latency.share_above(slo.latency_ms / 1e3)) / scheduled
    replicas = sum(unit.mean_ready + unit.mean_starting for unit in found.units)
    return Day(
        scheduled, found.latency.quantile(slo.percentile) * 1e3, within, 1 - ok / scheduled,
        found.counts["cold"] / scheduled, replicas,
    )  # fmt: skip


def _risk(scenario: Scenario, candidate: Candidate, plan: Plan, cancelled: Callable[[], bool]) -> RiskFigures:
    architecture = architecture_of(candidate)
    stakes = scenario.stakes
    at_stake = Stakes(stakes.usd_per_wrong, stakes.usd_per_late, stakes.usd_per_missing)
    name = type(architecture).__module__.rpartition(".")[2]
    return assess(
        plan, faulty_traffic(scenario), scenario.slo, strategy=candidate.strategy, architecture=name,
        release=candidate.release, timeout_s=scenario.measurement.timeout_s, assumptions=scenario.faults,
        stakes=at_stake if any((stakes.usd_per_wrong, stakes.usd_per_late, stakes.usd_per_missing)) else None,
        runs=RISK_RUNS, requests=RISK_REQUESTS, seed=scenario.seed, cancelled=cancelled,
    )  # fmt: skip


def _risk_values(risk: RiskFigures | None) -> dict[str, RiskValue]:
    if risk is None:
        return {}
    return {
        name: RiskValue(name, f.title, f.unit, f.estimate, f.how, f.basis)
        for name, f in risk.figures.items()
    }  # fmt: skip


def _parts(risk: RiskFigures | None, name: str) -> RiskParts | None:
    """The figure that stands for risk, with what each kind of fault adds to it."""
    if risk is None or name not in risk:
        return None
    estimate = risk[name].estimate
    if not isinstance(estimate, Estimate):
        return None
    field = _MISSED.get(name)
    adds: dict[str, float] = {}
    for fault in risk.faults if field else ():
        effect = getattr(fault, str(field))
        if isinstance(effect, Estimate) and effect.value > 0:
            adds[fault.name] = fault.per_month * effect.value
    return RiskParts(estimate, adds)


def _title(candidate: Candidate) -> str:
    place = f"on {candidate.host}" if candidate.source == "measured" else architecture_of(candidate).title.lower()
    release = "" if candidate.release == "basic" else f", {candidate.release.replace('_', ' ')} release"
    workers = f", {candidate.workers} workers" if candidate.workers > 1 else ""
    return f"{candidate.strategy}, {place}{workers}{release}"
