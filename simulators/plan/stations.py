"""Where requests are served: units are what is deployed, stations are the components inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from simulators.plan._rules import filled, named, not_negative, positive, regular, share, whole
from simulators.plan.errors import InvalidPlan
from simulators.plan.laws import Law, check_law
from simulators.plan.scaling import Fixed, PerRequest, Scaling

Balancing = Literal["random", "round_robin", "least_connections", "power_of_two", "shared_queue"]
BALANCINGS: tuple[Balancing, ...] = ("random", "round_robin", "least_connections", "power_of_two", "shared_queue")
MAX_WORKERS = 100_000


@dataclass(frozen=True)
class Batching:
    """Micro-batching: a free worker takes up to `max_size` jobs at once.

    It begins as soon as `max_size` jobs wait, or the oldest has waited `max_wait_s`. Between two listed sizes the
    duration is interpolated linearly, draw by draw.
    """

    max_size: int
    max_wait_s: float
    by_size: tuple[tuple[int, Law], ...]
    """Service law of a batch by its size, ascending, from size 1 to at least `max_size`."""

    def __post_init__(self) -> None:
        whole("max_size", self.max_size, 1, 10_000)
        not_negative("max_wait_s", self.max_wait_s)
        _check_sizes(self.by_size)
        if self.by_size[-1][0] < self.max_size:
            raise InvalidPlan(
                "by_size",
                self.by_size[-1][0],
                f"must reach max_size ({self.max_size})",
                "list the law of the largest batch",
            )


@dataclass(frozen=True)
class Schedule:
    """Scheduled batch: every `every_s` a free worker takes everything that waits, as one batch.

    A moment at which the worker is still busy with the last run is skipped. Between two listed sizes the duration is
    interpolated linearly; beyond the largest it grows in proportion to the size.
    """

    every_s: float
    by_size: tuple[tuple[int, Law], ...]
    first_s: float = 0.0

    def __post_init__(self) -> None:
        regular("every_s", self.every_s)
        not_negative("first_s", self.first_s)
        _check_sizes(self.by_size)


@dataclass(frozen=True)
class Refresh:
    """What the station looks up is computed beforehand, by a job that begins every `every_s` and takes `duration`.

    A moment at which the last run still goes on is skipped. An answer is as old as the beginning of the last run that
    was complete when its service began. A run is taken to have begun at ``first_s - every_s`` (or 0, if that is
    earlier) and be complete at 0.
    """

    every_s: float
    duration: Law
    first_s: float = 0.0

    def __post_init__(self) -> None:
        regular("every_s", self.every_s)
        check_law("duration", self.duration)
        not_negative("first_s", self.first_s)


@dataclass(frozen=True)
class Wake:
    """An idle server answers slower: after `idle_s` without a job in service, the next service takes `extra` more."""

    idle_s: float
    extra: Law
    occupies: bool = True
    """Whether the worker is occupied meanwhile, or only the answer delayed."""

    def __post_init__(self) -> None:
        positive("idle_s", self.idle_s)
        check_law("extra", self.extra)


@dataclass(frozen=True)
class Crash:
    """Replicas crash, lose what they hold, and come back.

    A replica runs for `every`, then is down for `repair`, then starts up. Until `detect_s` after the crash the balancer
    still sends to it, and what it sends is refused as an error.
    """

    every: Law
    repair: Law
    detect_s: float = 0.0

    def __post_init__(self) -> None:
        check_law("every", self.every)
        check_law("repair", self.repair)
        regular("mean of every", self.every.mean_s)
        not_negative("detect_s", self.detect_s)


@dataclass(frozen=True)
class Station:
    """A component that serves requests, first come first served, with a number of workers in each replica.

    With ``workers=None`` nobody waits for a worker; where the unit states its cores, that is processor sharing.
    """

    name: str
    service: Law
    """How long a request occupies a worker; with `cores` on the unit: the processor time it needs."""
    workers: int | None = 1
    queue_limit: int | None = None
    """How many may wait in a replica's line (or in the shared queue); one more is refused. None: no limit."""
    batching: Batching | Schedule | None = None
    """Serve several at once; takes the place of `service`."""
    delay: Law | None = None
    """What only delays the answer and occupies no worker: serialising, the client's wake-up."""
    wakes: tuple[Wake, ...] = ()
    """By ascending idle time; the longest one reached counts."""
    error_share: float = 0.0
    """Share of services that end with an error."""
    drop_abandoned: bool = False
    """Whether a job whose caller gave up is dropped when its turn comes (the deadline travels with the request)."""
    redelivery_s: float | None = None
    """Shared queue only: what a crashed replica was serving joins the queue again after this long. None: it fails."""
    max_deliveries: int = 5
    """How often a job is delivered at most; when the last fails, so does the job (its dead letter)."""
    refresh: Refresh | None = None
    """Where the station looks up what a regular job computed."""

    def __post_init__(self) -> None:
        named("station", self.name)
        check_law(f"service of {self.name}", self.service)
        if self.workers is not None:
            whole(f"workers of {self.name}", self.workers, 1, MAX_WORKERS)
        if self.queue_limit is not None:
            whole(f"queue_limit of {self.name}", self.queue_limit, 0, 1_000_000_000)
        if self.delay is not None:
            check_law(f"delay of {self.name}", self.delay)
        share(f"error_share of {self.name}", self.error_share)
        if self.redelivery_s is not None:
            not_negative(f"redelivery_s of {self.name}", self.redelivery_s)
        whole(f"max_deliveries of {self.name}", self.max_deliveries, 1, 1_000)
        idle = [wake.idle_s for wake in self.wakes]
        if idle != sorted(set(idle)):
            raise InvalidPlan(f"wakes of {self.name}", idle, "must have ascending idle_s", "sort them and drop repeats")
        if self.workers is None and self.batching is not None:
            raise InvalidPlan(
                f"workers of {self.name}",
                None,
                "must be a number for a station that batches",
                "give it 1 worker or more",
            )


@dataclass(frozen=True)
class Unit:
    """What is deployed, started, scaled, balanced over and crashes as one: a process, container or function."""

    name: str
    stations: tuple[Station, ...]
    scaling: Scaling = field(default_factory=Fixed)
    balancing: Balancing = "round_robin"
    """How a request that arrives over the network, or from another unit, finds a replica. "shared_queue" is a broker:
    all replicas pull from one queue."""
    cores: float | None = None
    """Processor cores of a replica, which all its jobs in service share equally; None: a core for every worker."""
    start_up: Law | None = None
    """From the decision to start a replica until it serves; the cold start of a function. None: at once."""
    crash: Crash | None = None
    memory_bytes: int = 0
    """Of one replica."""

    def __post_init__(self) -> None:
        named("unit", self.name)
        filled(f"stations of {self.name}", self.stations, "give the unit at least one station")
        if self.balancing not in BALANCINGS:
            raise InvalidPlan(
                f"balancing of {self.name}",
                self.balancing,
                "is not a way to balance",
                f"give one of {', '.join(BALANCINGS)}",
            )
        if self.cores is not None:
            positive(f"cores of {self.name}", self.cores)
        if self.start_up is not None:
            check_law(f"start_up of {self.name}", self.start_up)
        whole(f"memory_bytes of {self.name}", self.memory_bytes, 0, 2**62)
        if isinstance(self.scaling, PerRequest):
            self._check_function()
        if self.balancing != "shared_queue":
            for station in self.stations:
                if station.redelivery_s is not None:
                    raise InvalidPlan(
                        f"redelivery_s of {station.name}",
                        station.redelivery_s,
                        "needs a shared queue",
                        'set the unit\'s balancing to "shared_queue", or leave it out',
                    )

    def _check_function(self) -> None:
        ones = len(self.stations) == 1 and self.stations[0].workers == 1 and self.stations[0].batching is None
        if not ones:
            raise InvalidPlan(
                f"stations of {self.name}",
                [s.name for s in self.stations],
                "must be one station with one worker and no batching where scaling is per request",
                "put the components into one station's service as Parts",
            )
        if self.crash is not None or self.cores is not None:
            raise InvalidPlan(
                f"scaling of {self.name}",
                "per request",
                "goes with neither crash nor cores: an instance serves one request and then may vanish",
                "use the station's error_share for failures, and a slower service for a share of a core",
            )

    @property
    def scales(self) -> bool:
        """Whether the number of replicas changes."""
        return not isinstance(self.scaling, Fixed)


def _check_sizes(by_size: tuple[tuple[int, Law], ...]) -> None:
    filled("by_size", by_size, "give the service law of a batch of 1")
    sizes = [size for size, _ in by_size]
    if sizes[0] != 1 or sizes != sorted(set(sizes)):
        raise InvalidPlan("by_size", sizes, "must list ascending sizes from 1", "begin with (1, law) and sort")
    for size, law in by_size:
        check_law(f"law of batch size {size}", law)
