"""A decision: plain values, so that it can be kept, shown, written down and compared."""

from dataclasses import dataclass, field
from typing import Literal

from simulators.decision.ranking import Ranking
from simulators.decision.scorecard import Scorecard
from simulators.decision.separating import Separation
from simulators.decision.switches import Flip, TwoWay

Rule = Literal["cheapest", "weights"]
"""cheapest: of those that keep every limit. weights: the lowest score for the weights that somebody set."""
Topic = Literal["choice", "surety", "assumptions", "limits", "front", "flips", "source", "missing"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said about the decision."""

    topic: Topic
    text: str


@dataclass(frozen=True, slots=True)
class CostCurves:
    """Cost against traffic, over six decades."""

    rate_rps: tuple[float, ...]
    usd_per_month: dict[str, tuple[float, ...]]
    breaks: tuple["Break", ...]


@dataclass(frozen=True, slots=True)
class Break:
    """Traffic at which the cheapest candidate changes, with what the service times' intervals make of it."""

    rate_rps: float
    low_rps: float
    high_rps: float
    below: str
    above: str


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """How wrong the simulation was about something that was measured as well, on the same requests."""

    candidate: str
    figure: str
    measured_ms: float
    predicted_ms: float
    n: int
    strategy: str = ""
    """Of the candidate."""

    @property
    def share(self) -> float:
        return self.predicted_ms / self.measured_ms - 1


@dataclass(frozen=True, slots=True)
class PricesUsed:
    """The price list, and how old what was taken from it is."""

    name: str
    title: str
    provider: str
    region: str
    newest_months: float
    oldest_months: float
    unsure: tuple[str, ...]
    """Prices on a bill whose confidence is not high."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of the comparison of a scenario's candidates."""

    scenario: str
    """As TOML."""
    group: str
    cards: tuple[Scorecard, ...]
    """In the scenario's order."""
    axes: tuple[str, ...]
    """Those on which all placed candidates have a figure."""
    placed: tuple[str, ...]
    """Candidates with valid figures on these axes."""
    front: tuple[str, ...]
    """Those of them that no other beats."""
    rule: Rule
    chosen: str
    """Empty where none is shown to keep every limit."""
    tied: tuple[str, ...]
    """Others that the data do not separate from it."""
    ranking: Ranking | None
    separations: tuple[Separation, ...]
    flips: tuple[Flip, ...]
    """The nearest first."""
    two_way: TwoWay | None
    curves: CostCurves | None
    errors_seen: tuple[ErrorSeen, ...]
    prices: PricesUsed | None
    about_profile: str
    """Where simulated durations come from; empty where there is none."""
    words: tuple[Statement, ...] = field(default=())

    def card(self, name: str) -> Scorecard:
        """The scorecard of that candidate."""
        return next(card for card in self.cards if card.name == name)

    @property
    def holds(self) -> bool:
        """Whether a candidate is chosen and nothing is tied with it."""
        return bool(self.chosen) and not self.tied
