"""The limits that stand for a small device.

One core and a bound on the address space, set by the process itself before it loads anything large. The core is this
machine's: a small board's is several times slower, and no limit makes one core into another.
"""

import os
import sys
from dataclasses import dataclass
from typing import Any

MIB = 2**20
SIZES_MIB = (128, 256, 512)
"""Sizes to choose from: a camera or sensor hub, a router, a small board."""


@dataclass(frozen=True, slots=True)
class Device:
    """How small."""

    memory_bytes: int = 256 * MIB
    """Address space that a process may have: its own memory, its libraries and its files mapped into memory."""
    cores: int = 1

    def apply(self) -> None:
        """Limit the calling process, once and for all. Only on Linux; see `missing`."""
        assert sys.platform == "linux"
        import resource

        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-self.cores :]))
        resource.setrlimit(resource.RLIMIT_AS, (self.memory_bytes, self.memory_bytes))

    def to_dict(self) -> dict[str, Any]:
        return {"memory_bytes": self.memory_bytes, "cores": self.cores}


def missing() -> str:
    """Empty where these limits can be set; otherwise what is missing and how to get it."""
    if sys.platform != "linux":
        return "Only Linux bounds a process's memory and cores so. Run Drydock on Linux, or in WSL on Windows."
    return ""
