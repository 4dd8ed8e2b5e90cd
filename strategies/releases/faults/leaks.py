"""Leaks memory: each request leaves some behind, until the process's limit is reached and every request fails.

The limit is the operating system's, on address space, as a container's is on memory.
"""

import sys
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from strategies.releases.faults.contract import Fault, Predict


@dataclass(slots=True)
class Leaks(Fault):
    title: ClassVar[str] = "Leaks memory"
    summary: ClassVar[str] = "Each request leaves memory behind; at the limit, every request fails."

    bytes_per_request: int = 1_000_000
    limit_bytes: int = 100_000_000
    """What the process may take beyond what it had when it began to serve."""
    _kept: list[bytearray] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if self.bytes_per_request < 300_000:
            rule = "must be at least 300,000"
            raise InvalidValue(
                "bytes_per_request", self.bytes_per_request, rule, "less is not given by the system alone"
            )

    @property
    def fails_after(self) -> tuple[int, Literal["errors", "death"]] | None:
        return self.limit_bytes // self.bytes_per_request, "errors"

    def begin(self) -> None:
        self._kept.clear()
        if sys.platform != "win32":
            import resource

            held = _address_space_bytes()
            resource.setrlimit(resource.RLIMIT_AS, (held + self.limit_bytes, resource.RLIM_INFINITY))

    def wrap(self, predict: Predict) -> Predict:
        def leak(rows: NDArray[np.float32]) -> NDArray[np.float32]:
            outputs = predict(rows)
            self._kept.append(
                bytearray(self.bytes_per_request * len(rows))
            )  # raises MemoryError once the limit is reached
            return outputs

        return leak


def _address_space_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().vms)
