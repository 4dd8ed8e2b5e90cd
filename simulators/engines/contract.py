"""The contract of an engine: a plan and a schedule in, what happened out.

An engine knows the whole vocabulary of `simulators.plan`; what it cannot express raises `UnsupportedPlan`, and it never
approximates. All engines draw from `_draws` and order ties as `_moments` says, so that they agree request by request.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from data.workloads.contract import Schedule
from simulators.engines._checks import check_numbers, check_schedule, check_variants
from simulators.plan import Plan

Progress = Callable[[float], None]
"""Called now and then with the share of requests that have arrived, from 0 to 1."""
Cancelled = Callable[[], bool]
"""Asked now and then; when it says yes, the engine raises `data.errors.Cancelled`."""

# What is integrated over time, then what is counted, for each station and each bin of the timeline.
STATION_FIELDS = ("waiting_s", "served_s", "busy_s", "arrived", "completed", "refused", "lost")
"""waiting_s, served_s: ∫ jobs in line / in service dt. busy_s: ∫ workers occupied dt. lost: crashed away or dropped."""
UNIT_FIELDS = ("ready_s", "starting_s", "cpu_s", "started", "cold", "crashed")
"""ready_s, starting_s: ∫ replicas that serve / are starting dt. cpu_s: processor seconds on the unit's cores, where it
states them. started: replicas begun after time 0. cold: requests that waited for an instance of their own to start."""
REQUEST_FIELDS = ("scheduled", "ok", "rejected", "timeout", "error", "cold", "latency_s", "latency_s2")
"""By scheduled moment; latency and its square are summed over requests that ended well."""
STATION_TOTALS = ("wait_s", "sojourn_s", "work_s", "visits")
"""Over the whole run: waiting and whole time of all jobs that left, service drawn, jobs that left."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a release policy may know at some moment: the requests that ended before it, in order of their number."""

    scheduled_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    status: NDArray[np.uint8]
    version: NDArray[np.int16]
    row: NDArray[np.int64]


class Router(Protocol):
    """Decides which version answers: every `interval_s`, the share of requests each version gets from now on.

    A request's version is a pure function of its number and the shares: the draw of the stream "[release]". At time 0
    it is asked with nothing seen. Versions beyond the first change the plan as `Task.variants` says.
    """

    interval_s: float

    def shares(self, now_s: float, seen: Seen) -> Sequence[float]:
        """Shares of the versions, adding up to 1."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What one version changes at the stations; an absent station stays as the plan has it."""

    service_factor: Mapping[str, float] = field(default_factory=dict)
    """Station to how many times as long its services take."""
    error_share: Mapping[str, float] = field(default_factory=dict)
    """Station to the share of its services that end with an error."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that a run depends on."""

    plan: Plan
    schedule: Schedule
    seed: int
    keep_rows: bool = True
    """Whether to return a row for each request, or only counts, sketch and timeline (memory stays bounded)."""
    watch: tuple[int, ...] = ()
    """Numbers of the requests whose visits are kept for a waterfall."""
    bins: int = 200
    """Equal parts of the schedule's duration into which the timeline is cut; what comes after is one more."""
    batches: int = 4_000
    """At most so many consecutive batches of requests whose mean latency is kept, for warm-up and intervals."""
    router: Router | None = None
    variants: tuple[Variant, ...] = (Variant(),)
    cores: int = 1
    """Processor cores that an engine may use at the same time, where it can."""

    def __post_init__(self) -> None:
        check_numbers(bins=self.bins, batches=self.batches, cores=self.cores)
        check_schedule(self.schedule)
        check_variants(self.variants, self.plan.by_name)

    @property
    def given_up_s(self) -> float:
        """When a run that has not ended is given up: so that no plan can keep an engine running for ever."""
        return max(100 * self.schedule.duration_s, self.schedule.duration_s + 7 * 86_400)

    @property
    def requests(self) -> int:
        """The most requests there can be."""
        return int(np.size(self.schedule.row))

    @property
    def batch_size(self) -> int:
        """Requests in a batch: at least 5, as MSER-5 has it."""
        return max(5, -(-self.requests // self.batches))


SPAN = np.dtype(
    [
        ("request", "i8"),
        ("step", "i4"),
        ("station", "i4"),
        ("replica", "i4"),
        ("key", "u8"),
        ("sent_s", "f8"),
        ("arrive_s", "f8"),
        ("start_s", "f8"),
        ("end_s", "f8"),
        ("back_s", "f8"),
        ("status", "u1"),
        ("cold", "?"),
    ]
)
"""One visit of a watched request. start_s is NaN where no worker took it up; key tells tries apart."""

ROW_FIELDS: Mapping[str, np.dtype[Any]] = {
    "scheduled_s": np.dtype(np.float64),
    "start_s": np.dtype(np.float64),
    "end_s": np.dtype(np.float64),
    "staleness_s": np.dtype(np.float64),
    "status": np.dtype(np.uint8),
    "cold": np.dtype(np.bool_),
    "replica": np.dtype(np.int16),
    "attempts": np.dtype(np.int16),
    "version": np.dtype(np.int16),
}
"""Column of a row. start_s: when a worker first took it up, before it ended. replica: the one that did. cold: whether
it waited for an instance to start. attempts: 1 and one for each retry begun before it ended. staleness_s: age of the
oldest precomputed answer it was given, NaN where none was."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What happened, as an engine returns it."""

    rows: Mapping[str, NDArray[Any]] | None
    """`ROW_FIELDS` by request number; None where rows were not kept. A closed loop's request that was never made has
    a NaN schedule."""
    requests: NDArray[np.float64]
    """`REQUEST_FIELDS` by bin of the scheduled moment. (bins + 1, fields)"""
    sketch: NDArray[np.int32]
    """Counts of latencies of requests that ended well, by bin and bucket (see `_sketch`). (bins + 1, buckets)"""
    batch_sum_s: NDArray[np.float64]
    """Sum of latencies that ended well, by batch of requests in order of their arrival. (batches,)"""
    batch_count: NDArray[np.int64]
    stations: NDArray[np.float64]
    """`STATION_FIELDS` by station and bin. (stations, bins + 1, fields)"""
    totals: NDArray[np.float64]
    """`STATION_TOTALS` by station. (stations, fields)"""
    units: NDArray[np.float64]
    """`UNIT_FIELDS` by unit and bin. (units, bins + 1, fields)"""
    spans: NDArray[np.void]
    """`SPAN` records, in no particular order."""
    ended_s: float
    """When the last thing ended, or the schedule's duration if that is later."""
    used_up: bool = False
    """Whether a user of a closed loop had made all planned requests before the duration was over, and stopped."""


class Engine(ABC):
    """One file in simulators/engines/ is one engine; the file's name is its name."""

    title: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def run(self, task: Task, *, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Outcome:
        """Run until every request has ended and the schedule's duration is over.

        Raises `UnsupportedPlan` for what it cannot express, `Unfinished` when it does not come to an end, and
        `data.errors.Cancelled` once `cancelled` says yes.
        """
