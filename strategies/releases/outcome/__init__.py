"""What a release did to its users, measured or simulated: the figures that the sources' table only names."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """Counts over one whole release."""

    verdict: str
    """A `Verdict`'s value; hold where it had come to none."""
    verdict_s: float | None
    """When it came, in seconds since the release began."""
    requests: int
    served_new: int
    """Answers that users had from the new version, failed ones included."""
    failed: int
    """Requests that the new version answered with an error."""
    wrong: int
    """Answers of the new version that differ from what the old one says to the same row."""
    late: int
    """Answers of the new version, neither failed nor wrong, that came after the SLO."""
    dropped: int
    """Requests that nobody answered: refused, lost or timed out, whoever was to blame."""
    users_touched: int
    """Different keys that had at least one answer of the new version."""
    extra_instance_h: float
    """Instance-hours beyond those of the old version alone."""

    @property
    def bad(self) -> int:
        """Failed, wrong and late answers served by the new version."""
        return self.failed + self.wrong + self.late

    @property
    def detected(self) -> bool:
        return self.verdict == "roll back"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "ReleaseOutcome":
        return cls(**value)
