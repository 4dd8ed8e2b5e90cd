"""A run as the store keeps it: one candidate measured or simulated once."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from data.provenance import Origin
from data.scenario import Scenario

RunStatus = Literal["queued", "running", "done", "failed", "cancelled", "invalid"]
"""`invalid` runs ended with a trace that is not to be trusted, for the reasons in `problems`."""

ENDED: frozenset[RunStatus] = frozenset({"done", "failed", "cancelled", "invalid"})


@dataclass(frozen=True, slots=True)
class Run:
    """One candidate, measured or simulated once."""

    id: str
    """20 hex digits; ids sort by the moment of their making."""
    created_at: str
    """Moment in UTC, ISO 8601."""
    group: str
    """Runs that were made to be compared have this in common."""
    origin: Origin
    scenario: str
    """The whole scenario as TOML."""
    scenario_name: str
    candidate: str
    repetition: int
    """From 0."""
    seed: int
    """Seed of this repetition."""
    status: RunStatus
    problems: tuple[str, ...] = ()
    """Why it failed, was cancelled or is not to be trusted."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Figures computed from the trace when it ended."""
    trace_file: str = ""
    """Path of the trace inside the state folder; empty without one."""
    trace_hash: str = ""
    """SHA-256 of the trace file, in hex."""
    software: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    job: str = ""
    """Identifier of the job that makes it; empty for a run that was made without one."""
    session: str = ""
    """Who sees it; empty for runs of the command, which everybody on this machine sees."""
    shared: bool = False
    """Whether other sessions see it too."""
    title: str = ""
    note: str = ""
    ended_at: str = ""
    deleted_at: str = ""
    """Moment of deletion, until it is purged; empty for a run that was not deleted."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED


def new_id() -> str:
    """An identifier that no other has, sorting by time: milliseconds in 12 hex digits, then 8 random ones."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def now() -> str:
    """This moment in UTC, ISO 8601 to the microsecond, so that texts sort as moments do."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def reproduce(run: Run) -> Scenario:
    """The scenario that makes this run again, alone: its candidate, its seed, one repetition."""
    whole = Scenario.from_toml(run.scenario)
    return whole.evolve(seed=run.seed, candidates=(whole.candidate(run.candidate),), measurement={"repetitions": 1})
