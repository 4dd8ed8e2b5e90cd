"""A figure with its interval, its n and its unit: the only form in which Drydock shows one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point estimate and its confidence interval."""

    value: float
    low: float
    high: float
    n: int
    """Number of samples behind it."""
    unit: str
    confidence: float = 0.95
    """Probability with which the procedure's interval covers the true value."""

    def overlaps(self, other: "Estimate") -> bool:
        """Whether the intervals share a value, so that the data do not separate the two."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class TooFew:
    """What stands in a figure's place while there are too few samples for it."""

    figure: str
    n: int
    """Number of samples there were."""
    needs: int
    """Number of samples that an interval takes."""


Figure = Estimate | TooFew
