"""What a run consumed: the quantities that bills are made of."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Totals over a run. Measured totals leave out the load generator; None means the run did not measure it."""

    cpu_s: float | None = None
    """Processor time of the deployment's processes."""
    peak_bytes: int | None = None
    """Highest resident memory of all its processes together."""
    sent_bytes: int | None = None
    """Payload of requests and answers that crossed a process boundary."""
    instance_s: float | None = None
    """Seconds that instances (processes, containers, functions) stood ready or busy."""
    gb_s: float | None = None
    """Memory size times billed duration of functions, in GB-seconds (1 GB = 1,024 MB, as AWS bills)."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Usage":
        return cls(**value)
