"""What a request does: a tree of calls, as pure data.

A step ends well or badly (refused, timed out, failed). Unless a `Guard` around it says otherwise, the first bad end is
the end of everything around it, and of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulators.plan._rules import filled, not_negative, positive, share, whole
from simulators.plan.errors import InvalidPlan
from simulators.plan.laws import Law, check_law

Failure = Literal["rejected", "timeout", "error"]


@dataclass(frozen=True)
class Visit:
    """Go to a station, wait for a worker, be served, come back."""

    station: str
    hop: Law | None = None
    """Duration of one way over the network, drawn anew for each way; None is a call within the process."""
    inside: Step | None = None
    """What the worker waits for, still occupied, after its own service: a blocking call to others."""

    def __post_init__(self) -> None:
        if self.hop is not None:
            check_law("hop", self.hop)
        if self.inside is not None:
            check_step("inside", self.inside)


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        filled("steps", self.steps, "give at least one step")
        for step in self.steps:
            check_step("step", step)


@dataclass(frozen=True)
class Parallel:
    """Fork and join: all branches begin at once; it ends well as soon as `need` of them did.

    It ends badly as soon as too few can still end well, with the end of the branch that decided it. Branches that are
    no longer needed run on and occupy workers. ``need=1`` is a hedged request.
    """

    branches: tuple[Step, ...]
    need: int | None = None
    """How many branches must end well; None means all."""

    def __post_init__(self) -> None:
        filled("branches", self.branches, "give at least one branch")
        whole("branches", len(self.branches), 1, 64)
        if self.need is not None:
            whole("need", self.need, 1, len(self.branches))
        for step in self.branches:
            check_step("branch", step)

    @property
    def needed(self) -> int:
        return len(self.branches) if self.need is None else self.need


@dataclass(frozen=True)
class Choice:
    """Some share of requests does this, some that; what the shares leave over does neither."""

    branches: tuple[tuple[float, Step], ...]

    def __post_init__(self) -> None:
        filled("branches", self.branches, "give at least one (share, step)")
        for part, step in self.branches:
            share("share", part)
            check_step("branch", step)
        total = sum(part for part, _ in self.branches)
        if total > 1 + 1e-9:
            raise InvalidPlan("shares", total, "must not add up to more than 1", "lower one of the shares")


@dataclass(frozen=True)
class Cached:
    """Look in a cache first; only what is not there takes the step."""

    miss: Step
    hit_share: float
    lookup: Law | None = None
    """Duration of looking, whether it hits or misses."""

    def __post_init__(self) -> None:
        check_step("miss", self.miss)
        share("hit_share", self.hit_share)
        if self.lookup is not None:
            check_law("lookup", self.lookup)


@dataclass(frozen=True)
class Asynchronous:
    """Begin the step and go on at once; nobody waits for its end."""

    step: Step

    def __post_init__(self) -> None:
        check_step("step", self.step)


@dataclass(frozen=True)
class Retry:
    """Try again after a bad end.

    Before retry k the caller pauses min(cap_s, base_s · factor^(k-1)) · (1 - jitter · U), U uniform on (0, 1).
    """

    max_retries: int
    base_s: float = 0.1
    factor: float = 2.0
    cap_s: float = 60.0
    jitter: float = 1.0
    """Share of the pause that is random; 1 is "full jitter"."""
    budget: float | None = None
    """Retries allowed for each first try, in the long run (a token bucket shared by all requests); None: no budget."""
    burst: float = 10.0
    """Tokens that the bucket holds at most, and at the start."""
    on: tuple[Failure, ...] = ("rejected", "timeout", "error")

    def __post_init__(self) -> None:
        whole("max_retries", self.max_retries, 1, 100)
        not_negative("base_s", self.base_s)
        positive("factor", self.factor)
        not_negative("cap_s", self.cap_s)
        share("jitter", self.jitter)
        if self.budget is not None:
            not_negative("budget", self.budget)
        not_negative("burst", self.burst)
        filled("on", self.on, "name at least one of rejected, timeout, error")
        unknown = set(self.on) - {"rejected", "timeout", "error"}
        if unknown:
            raise InvalidPlan("on", sorted(unknown), "is not a bad end", "name rejected, timeout or error")


@dataclass(frozen=True)
class Breaker:
    """A circuit breaker: after too many bad ends, refuse at once for a while instead of trying.

    Closed: counts the last `window` tries; once that many were seen and the share of bad ends reaches `failure_share`,
    it opens. Open: refuses every try for `open_s`. Then half open: lets `probes` tries through; all well closes it,
    one bad end opens it again. Tries that began before the last change of state are not counted.
    """

    window: int = 20
    failure_share: float = 0.5
    open_s: float = 5.0
    probes: int = 1

    def __post_init__(self) -> None:
        whole("window", self.window, 1, 10_000)
        positive("failure_share", self.failure_share)
        share("failure_share", self.failure_share)
        positive("open_s", self.open_s)
        whole("probes", self.probes, 1, 1_000)


@dataclass(frozen=True)
class Guard:
    """A caller's protection around a step: deadline for each try, retries, breaker.

    Work whose caller gave up goes on at the stations: they do not know.
    """

    step: Step
    timeout_s: float | None = None
    """After this long a try counts as timed out."""
    retry: Retry | None = None
    breaker: Breaker | None = None
    optional: bool = False
    """Whether the request goes on as if nothing had happened when every try ended badly."""

    def __post_init__(self) -> None:
        check_step("step", self.step)
        if self.timeout_s is not None:
            positive("timeout_s", self.timeout_s, "give a finite number of seconds, or None for no deadline")
        if self.timeout_s is None and self.retry is None and self.breaker is None and not self.optional:
            raise InvalidPlan("guard", None, "protects from nothing", "give timeout_s, retry, breaker or optional")


Step = Visit | Sequence | Parallel | Choice | Cached | Asynchronous | Guard


def check_step(what: str, step: object) -> None:
    """Refuse what is not a step."""
    if not isinstance(step, Visit | Sequence | Parallel | Choice | Cached | Asynchronous | Guard):
        raise InvalidPlan(
            what,
            step,
            "must be a step",
            "give Visit, Sequence, Parallel, Choice, Cached, Asynchronous or Guard",
        )


def inner_steps(step: Step) -> tuple[Step, ...]:
    """The steps directly inside, in the order in which they are numbered."""
    match step:
        case Visit(inside=inside):
            return () if inside is None else (inside,)
        case Sequence(steps=steps):
            return steps
        case Parallel(branches=branches):
            return branches
        case Choice(branches=options):
            return tuple(option for _, option in options)
        case Cached(miss=miss):
            return (miss,)
        case Asynchronous(step=inner) | Guard(step=inner):
            return (inner,)
