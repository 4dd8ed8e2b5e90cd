"""What bad answers cost: money at stake turns counts into an expected loss."""

from dataclasses import dataclass

from data.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Stakes:
    """Money at stake, in US dollars."""

    usd_per_wrong: float = 0.0
    """For each prediction that is wrong and need not be."""
    usd_per_late: float = 0.0
    """For each answer after the SLO's latency."""
    usd_per_missing: float = 0.0
    """For each request without an answer."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InvalidValue(name, value, "must not be negative", "give US dollars; 0 leaves it out")

    def loss_usd(self, *, wrong: float, late: float, missing: float) -> float:
        """What so many bad answers cost.

        >>> Stakes(usd_per_wrong=2.0, usd_per_missing=0.5).loss_usd(wrong=3, late=10, missing=4)
        8.0
        """
        return self.usd_per_wrong * wrong + self.usd_per_late * late + self.usd_per_missing * missing
