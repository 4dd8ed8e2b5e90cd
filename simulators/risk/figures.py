"""Risk as named figures: each with its unit, how it was computed, and whether it was simulated, counted or computed."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from data.estimate import Figure

Basis = Literal["simulated", "computed", "counted", "measured"]
"""simulated: from runs with faults. computed: by a closed form from stated assumptions. counted: by a stated rubric."""

RANKED = (
    "slo_missed_min_month", "slo_missed_min_bad_month", "failed_month", "late_month", "wrong_month", "lost_month",
    "expected_loss_usd_month", "blast_radius", "recovery_s", "staleness_s", "single_points", "deployable_units",
    "network_hops", "provider_services",
)  # fmt: skip
"""Figures that can stand for risk in a front or a ranking: less of each is better."""


@dataclass(frozen=True, slots=True)
class RiskFigure:
    """One figure."""

    name: str
    title: str
    unit: str
    estimate: Figure
    how: str
    """How it was computed, in one or two sentences, with the assumptions that it rests on."""
    basis: Basis

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FaultFigures:
    """What one kind of fault does: how often it is taken to come, and the mean effects of one occurrence."""

    name: str
    title: str
    summary: str
    per_month: float
    assumptions: Mapping[str, float]
    failed: Figure
    late: Figure
    wrong: Figure
    lost: Figure
    missed_min: Figure
    recovery_s: Figure
    affected_share: Figure
    """Share of the requests in the disturbed time that failed, were late or were wrong."""


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """All that is known about a candidate's risk."""

    figures: Mapping[str, RiskFigure]
    faults: tuple[FaultFigures, ...]
    left_out: Mapping[str, str]
    """Faults that do not strike this candidate, by name, with the reason."""
    single_points: tuple[str, ...]
    """What they are; the figure of that name only counts them."""
    counted: Mapping[str, tuple[str, ...]]
    """What each counted figure counts, item by item."""
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> RiskFigure:
        return self.figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.figures)

    def __contains__(self, name: object) -> bool:
        return name in self.figures

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
