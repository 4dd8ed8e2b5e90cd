"""The month that a decision is for: its traffic hour by hour, and what is assumed about paying for it."""

import math
from dataclasses import dataclass, replace

HOURS = 24


@dataclass(frozen=True, slots=True)
class Month:
    """Traffic and assumptions; every day is alike, λ(t) = λ̄ (1 + a·cos(2π(t - t_peak)/24 h))."""

    rate_rps: float
    """Mean λ̄."""
    swing: float = 0.8
    """How far, a, the rate rises and falls over a day, as a share of the mean."""
    uncertainty_share: float = 0.0
    """How far λ̄ may be off either way."""
    hours: float = 730.0
    free_tier: bool = False
    headroom_share: float = 0.3
    """What fixed machines are bought beyond the peak."""
    redundancy: int = 0
    """Replicas beyond those that the traffic needs."""
    staff_usd_per_hour: float = 60.0
    payload_bytes: int | None = None
    """Of a request and its answer; None: as measured."""
    brokers: int = 2
    nat_gateways: int = 0
    releases: float = 0.0
    """New versions of the model in a month."""

    @property
    def peak_rps(self) -> float:
        return self.rate_rps * (1 + self.swing)

    @property
    def requests(self) -> float:
        return self.rate_rps * 3_600 * self.hours

    @property
    def by_hour_rps(self) -> tuple[float, ...]:
        """The rate in the middle of each hour of the day, highest at noon."""
        turns = (2 * math.pi / HOURS * (hour + 0.5 - HOURS / 2) for hour in range(HOURS))
        return tuple(self.rate_rps * (1 + self.swing * math.cos(turn)) for turn in turns)

    def at(self, rate_rps: float) -> "Month":
        """The same month with other traffic."""
        return replace(self, rate_rps=rate_rps)
