"""What a function's platform may be asked for."""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from data.errors import InvalidValue

MIB = 1 << 20
READY, STATE = "/_front/ready", "/_front/state"
"""Paths that the front answers itself."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes and limits, named and bounded as AWS Lambda's are."""

    memory_mb: int = 512
    """Memory size in MiB: what is billed, and what an instance may not exceed."""
    timeout_s: float = 5.0
    """A request without its answer this long after it was handed to an instance is over, and so is the instance."""
    concurrency: int = 20
    """Requests under way at once; one more is refused with 429."""
    provisioned: int = 0
    """Instances that are started beforehand and never expire."""
    idle_s: float = 300.0
    """An instance without a request for this long is ended. AWS does not say how long it waits; minutes are typical."""
    init_timeout_s: float = 10.0
    """An instance that is not ready after this long is ended, and its request fails."""

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not (whole or (name.endswith("_s") and isinstance(value, float))) or not low <= value <= high:
                kind = "a number" if name.endswith("_s") else "a whole number"
                remedy = f"its default is {type(self).__dataclass_fields__[name].default}"
                raise InvalidValue(name, value, f"must be {kind} from {low:,} to {high:,}", remedy)
        if self.provisioned > self.concurrency:
            rule = f"must not be above the concurrency limit, {self.concurrency}"
            raise InvalidValue("provisioned", self.provisioned, rule, "raise concurrency, or provision fewer")

    def arguments(self) -> tuple[str, ...]:
        """As a command line, which `parse` reads."""
        return tuple(part for f in fields(self) for part in (_option(f.name), str(getattr(self, f.name))))


_BOUNDS: Mapping[str, tuple[float, float]] = {
    "memory_mb": (128, 10_240),
    "timeout_s": (0.001, 900),
    "concurrency": (1, 1_000),
    "provisioned": (0, 1_000),
    "idle_s": (0.01, 86_400),
    "init_timeout_s": (0.1, 900),
}


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def parse(arguments: Sequence[str]) -> tuple[Settings, int, list[str]]:
    """Settings, the port to listen on, and what the function itself is given, which follows ``--``."""
    own, _, function = _split(arguments)
    parser = argparse.ArgumentParser(prog="python -m strategies.functions.frontend")
    parser.add_argument("--port", type=int, default=0)
    for field in fields(Settings):
        kind = float if field.name.endswith("_s") else int
        parser.add_argument(_option(field.name), type=kind, default=field.default)
    found = vars(parser.parse_args(own))
    port = found.pop("port")
    return Settings(**found), port, function


def _split(arguments: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """What stands before and after ``--``; a host appends the port, so that counts as before."""
    listed = list(arguments)
    place = listed.index("--") if "--" in listed else len(listed)
    before, after = listed[:place], listed[place + 1 :]
    if len(after) >= 2 and after[-2] == "--port":
        before, after = [*before, *after[-2:]], after[:-2]
    return before, "--", after


def memory_mb(memory_bytes: int | None) -> int:
    """The memory size for a limit in bytes."""
    return Settings().memory_mb if memory_bytes is None else math.ceil(memory_bytes / MIB)
