"""The question that a decision answers, as a function of its inputs: which candidate, if this were different?

Every input is moved by a factor. Costs are computed anew from the moved inputs. Latency is that of the scorecard, moved
as the candidate's simulation moves: simulated once as it is and once with the input changed, on the same requests.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data.errors import DrydockError
from data.estimate import Estimate
from data.scenario import Candidate, Scenario
from data.workloads.contract import Schedule
from simulators.cost.model import CostModel
from simulators.cost.money import decimal
from simulators.cost.sizing import overloaded
from simulators.decision.candidates import plan_of, scaled_profile, settling_s
from simulators.decision.evidence import Evidence
from simulators.decision.ranking import score
from simulators.simulate import simulate
from strategies.measuring.warm_up import with_warm_up

Moved = Mapping[str, float]
"""Input to the factor that it is moved by; those that are not in it stay as they are."""
_SIMULATED = ("service_time", "cold_start")
_BINS = 20


@dataclass(frozen=True, slots=True)
class RiskParts:
    """A figure of risk as a sum: what happens anyway, and for every kind of fault its rate times its effect."""

    estimate: Estimate
    faults: Mapping[str, float] = field(default_factory=dict)
    """Fault to what it adds to the figure; empty where the figure is not such a sum."""

    def moved(self, moved: Moved) -> float:
        """The figure with faults more or less often."""
        each = moved.get("faults", 1.0)
        added = sum(part * (each * moved.get(f"fault:{name}", 1.0) - 1.0) for name, part in self.faults.items())
        return max(self.estimate.value + added, 0.0)


@dataclass(frozen=True, slots=True)
class Option:
    """One candidate as far as the choice depends on it."""

    candidate: Candidate
    latency: Estimate | None
    failed: Estimate | None
    cost: CostModel | None
    cost_spread: float
    """Upper end of its cost over the cost itself."""
    risk: RiskParts | None
    """The figure that stands for risk."""
    missed: RiskParts | None
    """Minutes a month in which the objective is missed."""
    other_limits_kept: bool
    """Whether it keeps the limits that no input here moves."""
    can_be_simulated: bool


class Question:
    """All that the choice depends on; `winner` asks it."""

    def __init__(self, scenario: Scenario, options: tuple[Option, ...], evidence: Evidence) -> None:
        self.scenario, self.options, self._evidence = scenario, options, evidence
        weights = scenario.weights
        self._weights = {"latency": weights.latency, "cost": weights.cost, "risk": weights.risk}
        self._seen: dict[tuple[str, float, float], tuple[float, float] | None] = {}
        self._schedules: dict[float, Schedule] = {}
        self._starting: dict[str, bool] = {}
        self._bills: dict[tuple[Any, ...], float | None] = {}
        self._roles = {o.candidate.name: self._roles_of(o) for o in options}

    def winner(self, moved: Moved | None = None) -> str:
        """Name of the candidate that is chosen; empty where none is shown to keep every limit.

        With weights the lowest score, without any the cheapest of those that keep the limits.
        """
        moved = moved or {}
        weights = {a: w * moved.get(f"weight:{a}", 1.0) for a, w in self._weights.items() if w > 0}
        return self._best_scored(moved, weights) if weights else self._cheapest(moved)

    def _cheapest(self, moved: Moved) -> str:
        """The first in order of cost that keeps every limit: what is dearer need not be simulated."""
        costed = [(usd, i, option) for i, option in enumerate(self.options)
                  if (usd := self.usd(option, moved)) is not None]  # fmt: skip
        ordered = (option for _, _, option in sorted(costed, key=lambda each: each[:2]))
        return next((option.candidate.name for option in ordered if self._point(option, moved) is not None), "")

    def _best_scored(self, moved: Moved, weights: Mapping[str, float]) -> str:
        points = {option.candidate.name: self._point(option, moved) for option in self.options}
        kept = {name: point for name, point in points.items() if point is not None}
        scores = score(kept, weights) if kept else {}
        return min(scores, key=lambda name: scores[name].value) if scores else ""

    # -- one candidate -----------------------------------------------------------------------------------------------

    def _point(self, option: Option, moved: Moved) -> dict[str, Estimate] | None:
        """Its values on each axis; None where it does not keep a limit."""
        if not option.other_limits_kept or option.latency is None or option.failed is None:
            return None
        response = self._response(option, moved)
        if response is None:
            return None
        ratio, more_failed = response
        slo, budget = self.scenario.slo, self.scenario.budget
        limit_ms = slo.latency_ms * moved.get("slo", 1.0)
        if option.latency.high * ratio > limit_ms or option.failed.high + more_failed > slo.max_error_share:
            return None
        if not self._missed_little(option, moved):
            return None
        cost = self.usd(option, moved)
        most = math.inf if budget.usd_per_month is None else budget.usd_per_month * moved.get("budget", 1.0)
        if (cost is None and most < math.inf) or (cost is not None and cost * option.cost_spread > most):
            return None
        point = {"latency": _at(option.latency, option.latency.value * ratio)}
        if cost is not None:
            point["cost"] = Estimate(cost, cost, cost, 1, "USD/month")
        if option.risk is not None:
            point["risk"] = _at(option.risk.estimate, option.risk.moved(moved))
        return point

    def _missed_little(self, option: Option, moved: Moved) -> bool:
        """Whether the objective is missed no longer than it may be, at the upper end of the figure's interval."""
        most = self.scenario.budget.max_slo_missed_min_per_month
        if most is None:
            return True
        if option.missed is None:
            return False
        above = option.missed.estimate.high - option.missed.estimate.value
        return option.missed.moved(moved) + above <= most

    def usd(self, option: Option, moved: Moved) -> float | None:
        """Its cost in a month, with inputs moved; None where it has no bill, or cannot serve the moved traffic."""
        if option.cost is None:
            return None
        mine = self._roles[option.candidate.name]
        relevant = tuple(
            (name, factor)
            for name, factor in sorted(moved.items())
            if name in ("traffic", "service_time", "cold_start", "payload", "headroom", "staff")
            or (name.startswith("price:") and self._role(name[6:]) in mine)
        )
        key = option.candidate.name, relevant
        if key not in self._bills:
            self._bills[key] = _usd(moved_cost(option.cost, dict(relevant)))
        return self._bills[key]

    def _response(self, option: Option, moved: Moved) -> tuple[float, float] | None:
        """How many times as long its latency is, and what share of requests fails besides."""
        service, cold = (moved.get(name, 1.0) for name in _SIMULATED)
        if (service, cold) == (1.0, 1.0):
            return 1.0, 0.0
        if not option.can_be_simulated:
            return service, 0.0  # nothing is known but that work which takes longer delays the answer by as much
        before, after = self._simulated(option, 1.0, 1.0), self._simulated(option, service, cold)
        if before is None or after is None:
            return None
        return after[0] / before[0], max(after[1] - before[1], 0.0)

    def _simulated(self, option: Option, service: float, cold: float) -> tuple[float, float] | None:
        key = option.candidate.name, service, cold if self._starts(option) else 1.0
        if key not in self._seen:
            self._seen[key] = self._simulate(option, service, key[2])
        return self._seen[key]

    def _starts(self, option: Option) -> bool:
        """Whether anything of it starts while traffic goes on, so that it matters how long that takes."""
        name = option.candidate.name
        if name not in self._starting:
            measured = self._evidence.of(option.candidate.architecture)
            assert measured is not None
            plan = plan_of(option.candidate, measured)
            self._starting[name] = any(unit.start_up is not None and unit.scales for unit in plan.units)
        return self._starting[name]

    def _simulate(self, option: Option, service: float, cold: float) -> tuple[float, float] | None:
        """The SLO's percentile and the share of requests that fail; None where nobody is answered."""
        measured = self._evidence.of(option.candidate.architecture)
        assert measured is not None
        profile = scaled_profile(measured, service, cold)
        plan = plan_of(option.candidate, profile, timeout_s=self.scenario.measurement.timeout_s)
        warm_up_s, seed = self.scenario.measurement.warm_up_s + settling_s(plan), self.scenario.seed
        if warm_up_s not in self._schedules:
            made = with_warm_up(self.scenario.workload, self._evidence.rows, seed, warm_up_s)
            self._schedules[warm_up_s] = made
        schedule = self._schedules[warm_up_s]
        found = simulate(plan, schedule, seed=seed, keep_rows=False, watch=(), bins=_BINS, warm_up_s=warm_up_s)
        value = found.latency.quantile(self.scenario.slo.percentile)
        scheduled = found.counts["scheduled"]
        if not scheduled or math.isnan(value):
            return None
        return value, 1 - found.counts["ok"] / scheduled

    # -- prices ------------------------------------------------------------------------------------------------------

    def _role(self, price_id: str) -> str:
        for option in self.options:
            if option.cost is not None:
                price = option.cost.prices.prices.get(price_id)
                return price.role if price else ""
        return ""

    def _roles_of(self, option: Option) -> frozenset[str]:
        if option.cost is None:
            return frozenset()
        try:
            return frozenset(line.role for line in option.cost.bill().lines)
        except DrydockError:
            return frozenset()


def moved_cost(model: CostModel, moved: Moved) -> CostModel:
    """The cost model with its inputs moved."""
    work = model.work.scaled(moved.get("service_time", 1.0), moved.get("cold_start", 1.0), moved.get("payload", 1.0))
    month, prices = model.month, model.prices
    if month.payload_bytes is not None:
        month = replace(month, payload_bytes=round(month.payload_bytes * moved.get("payload", 1.0)))
    month = replace(
        month,
        rate_rps=month.rate_rps * moved.get("traffic", 1.0),
        headroom_share=month.headroom_share * moved.get("headroom", 1.0),
        staff_usd_per_hour=month.staff_usd_per_hour * moved.get("staff", 1.0),
    )
    for name, factor in moved.items():
        if name.startswith("price:") and name[6:] in prices.prices:
            id = name[6:]
            prices = prices.changed(id, prices.prices[id].usd * decimal(factor))
    return replace(model, work=work, month=month, prices=prices)


def _usd(model: CostModel) -> float | None:
    """Its month's exact sum; None where it has no bill, or its replicas cannot serve the peak."""
    try:
        return None if overloaded(model.shape, model.work, model.month) else float(model.usd())
    except DrydockError:
        return None


def _at(estimate: Estimate, value: float) -> Estimate:
    return replace(estimate, value=value, low=value, high=value)
