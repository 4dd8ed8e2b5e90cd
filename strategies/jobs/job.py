"""What a job is and what can be known of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from strategies.hosts._child import how_it_ended

JobStatus = Literal["queued", "waiting", "running", "done", "failed", "cancelled"]
"""`queued` behind others in this process; `waiting` for another Drydock on this machine that measures."""

ENDED: frozenset[JobStatus] = frozenset({"done", "failed", "cancelled"})


class Progress(Protocol):
    """How a job tells how far it is: the stage's name, the share of all work that is done, and what it is about."""

    def __call__(self, stage: str, fraction: float, message: str = "", /) -> None: ...


JobFunction = Callable[[dict[str, Any], Progress, Callable[[], bool]], Mapping[str, Any]]
"""What a job runs: a function of a module, from a payload to a result, both of JSON's types.

Its third argument tells whether the job was cancelled; it then should clean up and raise `Cancelled` within half a
second.
"""


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs of one kind, which queue for each other and for nobody else."""

    width: int = 1
    """How many of them run at once."""
    alone_on_machine: bool = False
    """Whether other Drydock processes with the same state folder must not run one either."""


LANES: Mapping[str, Lane] = {
    "measure": Lane(alone_on_machine=True),
    "train": Lane(),
    "simulate": Lane(),
    "deploy": Lane(width=8),
    "schedule": Lane(width=4),
}


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed."""

    kinds: tuple[str, ...]
    """Name of the error's class and of those it derives from; empty where the process just ended."""
    message: str
    """For people: one of Drydock's own errors says all, any other its type and message."""

    def is_a(self, kind: type[BaseException]) -> bool:
        return kind.__name__ in self.kinds


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as it is at one moment."""

    id: str
    title: str
    session: str
    lane: str
    status: JobStatus = "queued"
    place: int = 0
    """How many jobs are before it in the lane; 0 once it has begun."""
    stage: str = ""
    fraction: float = 0.0
    """Share of the work done, from 0 to 1."""
    message: str = ""
    cancelling: bool = False
    """Whether it was cancelled and its processes are being ended."""
    result: Mapping[str, Any] | None = None
    error: JobError | None = None
    log: str = ""
    """The end of what its process printed, once that ended."""
    submitted_at: float = field(default_factory=time.time)
    """Moments are seconds since 1970."""
    started_at: float | None = None
    ended_at: float | None = None
    revision: int = 0
    """Grows with every change."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED


def outcome_of(message: Mapping[str, Any], code: int, log: str, cancelled: bool) -> dict[str, Any]:
    """What a job's state becomes after its last message, or its death without one."""
    error = message.get("error")
    if cancelled or (error and "Cancelled" in error["kinds"]):
        return {"status": "cancelled"}
    if error:
        return {"status": "failed", "error": JobError(tuple(error["kinds"]), error["message"])}
    if "result" in message:
        return {"status": "done", "fraction": 1.0, "result": message["result"]}
    last = "\n".join(log.strip().splitlines()[-5:]) or "(it printed nothing)"
    return {"status": "failed", "error": JobError((), f"Its process {how_it_ended(code)}. Its last lines:\n{last}")}
