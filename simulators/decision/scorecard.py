"""A scorecard: latency, cost and risk of one candidate, each with its interval, and the limits it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from data.estimate import Estimate, Figure
from data.provenance import Origin

Kept = Literal["kept", "broken", "not shown"]
AXES = ("latency", "cost", "risk")


@dataclass(frozen=True, slots=True)
class Limit:
    """A hard constraint, held against one candidate."""

    name: str
    """slo, failures, budget, staleness, slo_missed, device or capacity."""
    outcome: Kept
    says: str


@dataclass(frozen=True, slots=True)
class RiskValue:
    """One figure of risk: a name, a unit, an interval, and how it was computed."""

    name: str
    title: str
    unit: str
    estimate: Figure
    how: str
    basis: str


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill, rounded to cents where it is shown."""

    part: str
    item: str
    usd: float
    arithmetic: str
    price_id: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """What a month of the forecast traffic costs."""

    lines: tuple[BillLine, ...]
    usd_per_month: Estimate
    """The bill to the cent, and what the forecast's and the service time's uncertainty make of it."""
    usd_per_1000: Estimate
    usd_per_million: Estimate
    hours: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A simulated day of the forecast traffic."""

    requests: int
    slo_percentile_ms: float
    """Of the requests that ended well; NaN is not possible, as a day without any has no `Day`."""
    within_share: float
    """Of all requests, those that ended well within the promised latency."""
    failed_share: float
    cold_share: float
    replicas: float
    """On average, those that were starting included."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One candidate."""

    name: str
    title: str
    """What it is, in a line."""
    origin: Origin
    latency: Figure | None
    """The SLO's percentile in ms; None where nothing was measured or simulated."""
    failed: Figure | None
    cost: Money | None
    risk: Mapping[str, RiskValue] = field(default_factory=dict)
    """By name; empty while no plan of it could be made."""
    limits: tuple[Limit, ...] = ()
    day: Day | None = None
    missing: tuple[str, ...] = ()
    """What is not known about it, and why."""
    error_seen: str = ""
    """Of a simulated candidate: how wrong the prediction nearest to it was; empty for a measured one."""

    @property
    def allowed(self) -> bool:
        """Whether it is shown to keep every limit."""
        return all(limit.outcome == "kept" for limit in self.limits)

    @property
    def excluded(self) -> bool:
        """Whether it is shown to break one."""
        return any(limit.outcome == "broken" for limit in self.limits)

    def axis(self, name: str, risk_figure: str) -> Estimate | None:
        """The estimate that stands for latency, cost or risk; None where there is none."""
        if name == "cost":
            return self.cost.usd_per_month if self.cost else None
        if name == "latency":
            found: object = self.latency
        else:
            found = self.risk[risk_figure].estimate if risk_figure in self.risk else None
        return found if isinstance(found, Estimate) else None
