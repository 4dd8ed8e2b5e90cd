"""Where a trace comes from, so that it can be made again."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

Origin = Literal["measured", "simulated"]

# The distributions whose version can change a figure.
_RECORDED = ("numpy", "scikit-learn", "onnxruntime", "fastapi", "uvicorn", "nats-py", "simpy", "numba")


def _versions_now() -> Mapping[str, str]:
    return software_versions()


def _machine_now() -> Mapping[str, str]:
    return machine_facts()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who made a trace, from what, with what."""

    origin: Origin
    candidate: str
    """The candidate's name in the scenario."""
    scenario: str
    """The whole scenario as TOML: the trace can be made again from it."""
    seed: int
    warm_up_s: float = 0.0
    """Requests scheduled before this moment warmed the system up and do not count."""
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    software: Mapping[str, str] = field(default_factory=_versions_now)
    machine: Mapping[str, str] = field(default_factory=_machine_now)
    problems: tuple[str, ...] = ()
    """Why the run is not to be trusted, such as a generator that could not keep its schedule; empty when it is."""
    notes: tuple[str, ...] = ()
    """What a reader should know and the figures do not say, such as a run that was not in a steady state."""

    @property
    def valid(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"software": dict(self.software), "machine": dict(self.machine)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Provenance":
        return cls(**{**value, "problems": tuple(value.get("problems", ())), "notes": tuple(value.get("notes", ()))})


@cache
def software_versions() -> Mapping[str, str]:
    """Version of Python and of each installed distribution that can change a figure."""
    found = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def machine_facts() -> Mapping[str, str]:
    """What the figures depend on and a reader cannot guess; never the machine's name."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": str(_usable_cores()),
        "memory_gib": _memory_gib(),
    }


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _memory_gib() -> str:
    import psutil

    return f"{psutil.virtual_memory().total / 2**30:.0f}"
