"""What a function's bill is made of, rounded as AWS Lambda rounds it.

https://aws.amazon.com/lambda/pricing/: durations are rounded up to the next millisecond, and memory is that which was
configured, whatever was used. Since 2025-08-01 the init phase is billed for functions packed as zip files too.
"""

import math
from dataclasses import dataclass

MB_PER_GB = 1_024


def billed_ms(seconds: float) -> int:
    """A duration as it is billed.

    >>> billed_ms(0.0), billed_ms(0.0101), billed_ms(0.011)
    (0, 11, 11)
    """
    # A duration of whole milliseconds is not to be billed one more for what binary fractions cannot say.
    return math.ceil(round(seconds * 1e3, 6))


def gb_s(memory_mb: int, milliseconds: int) -> float:
    """Memory size times billed duration.

    >>> gb_s(512, 1_000)
    0.5
    """
    return memory_mb / MB_PER_GB * milliseconds / 1e3


@dataclass(slots=True)
class Bill:
    """Totals of one function."""

    memory_mb: int
    requests: int = 0
    billed_ms: int = 0
    provisioned_s: float = 0.0
    """Instance seconds kept ready beforehand, which AWS bills at a rate of their own, not in `gb_s`."""

    def add(self, duration_s: float, init_s: float = 0.0) -> int:
        """Count a request, with the init phase that it waited for; its billed milliseconds."""
        milliseconds = billed_ms(duration_s + init_s)
        self.requests += 1
        self.billed_ms += milliseconds
        return milliseconds

    @property
    def gb_s(self) -> float:
        return gb_s(self.memory_mb, self.billed_ms)
