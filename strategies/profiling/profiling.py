"""A whole profile of one deployment, from three kinds of runs: without a pause, after pauses, and in bursts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.profile import AtLoad, Component, Discipline, ServiceProfile
from strategies.contract import Deployment, Limits, Strategy
from strategies.hosts.contract import Host
from strategies.loadgen.cores import parted, usable_cores
from strategies.packaging.package import ModelPackage
from strategies.profiling.model import batch_sizes
from strategies.profiling.observing import Observed
from strategies.profiling.runs import (
    TURNS,
    Saturation,
    UnderLoad,
    bursts,
    lone,
    pauses,
    saturate,
    staggered,
    under_load,
)
from strategies.profiling.separating import (
    LEAST_S,
    idle_extras,
    occupancy_s,
    order_of_service,
    quantiles,
    separate,
    slowdown,
    spread,
)
from strategies.training.watch import CancelCheck, never

_FORGET_S = 0.2
_STORM, _STORMS = 4, 3
"""Start-ups at once for each processor, and how often."""
FEWEST = 50
"""Answers that a load's quantiles are told from."""
_MOST_RPS = 20_000.0
"""Driven no faster: beyond that the generator's own pace would be what is measured."""
_FINEST = 10.0
"""A service this many times the generator's own work for a request can be looked into."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    warm_up_s: float = 0.3
    saturated_s: float = 2.0
    pausing_s: float = 3.0
    pause_s: tuple[float, ...] = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
    """Ascending from 0."""
    bursts: int = 60
    model_s: float = 0.15
    """For each batch size of the model alone."""
    loads: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.85)
    """Shares of the capacity, ascending, at which it is driven with Poisson traffic; none to leave that out."""
    load_s: float = 2.0
    """For each of the loads."""
    surges: tuple[float, ...] = (0.55, 0.95, 1.4, 2.0)
    """The same in short bursts at an idle deployment, also beyond the capacity; only where there are loads."""
    surge_s: float = 0.2
    """For each of those: short, as all that comes has to be answered."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is profiled."""

    name: str
    strategy: str
    host: str
    workers: int = 1
    components: tuple[Component, ...] = ()
    """As measured alone; what a request takes beyond them is overhead."""
    in_caller: bool = False
    """Whether the load generator's own thread serves, as with an embedded model."""
    one_each: bool = False
    """Whether each request under way has an instance to itself, so that one user at a time tells its occupancy."""


def profile_deployment(
    deployment: Deployment,
    rows: NDArray[np.float32],
    subject: Subject,
    effort: Effort | None = None,
    cancelled: CancelCheck = never,
) -> ServiceProfile:
    """Measure a running deployment. `rows` are what its requests carry. (rows, features)"""
    effort = effort or Effort()
    lone(deployment, rows, 0.0, effort.warm_up_s)
    full = _fullest(deployment, rows, subject, effort, cancelled)
    alone = pauses(deployment, rows, effort.pause_s, effort.pausing_s, cancelled)
    cores = usable_cores()
    mean_s, how = occupancy_s(full, subject.workers, subject.in_caller, cores if parted() else None)
    order, evidence = _order(deployment, rows, subject, mean_s, full.client_s, effort)
    next_s = 0.0
    if order == "turns":
        # A turn for one request alone costs more than each further one in a turn for many: U = X · S at either end.
        next_s, mean_s = mean_s, max(mean_s, alone.cpu_s[0])
    service, delay = separate(alone.latency_s[0], mean_s)
    components, overhead = divide(service, subject.components)
    usage = deployment.usage()
    profile = ServiceProfile(
        name=subject.name, strategy=subject.strategy, host=subject.host, workers=subject.workers,
        components=components, overhead_s=overhead, delay_s=delay, idle=idle_extras(alone),
        client_s=() if subject.in_caller else (max(full.client_s, LEAST_S),),
        discipline=order, next_s=next_s, discipline_evidence=evidence, capacity_rps=full.rate_rps, cpu_s=full.cpu_s,
        memory_bytes=usage.peak_bytes or 0, cores=cores, generator_apart=parted(), notes=(f"Occupancy: {how}.",),
        payload_bytes=_payload_bytes(deployment, rows, effort),
    )  # fmt: skip
    return _with_loads(profile, deployment, rows, effort, cancelled)


def profile_strategy(
    strategy: Strategy,
    host: Host,
    package: ModelPackage,
    rows: NDArray[np.float32],
    limits: Limits,
    subject: Subject,
    effort: Effort | None = None,
    cancelled: CancelCheck = never,
) -> ServiceProfile:
    """Deploy, measure, stop; with the model alone by batch size, and how long starting took."""
    effort = effort or Effort()
    if not subject.components:
        subject = replace(subject, components=(batch_sizes(package, rows, share_s=effort.model_s),))
    watched = Observed(host)
    with strategy.deploy(package, watched, limits) as deployment:
        profile = profile_deployment(deployment, rows, subject, effort, cancelled)
        cold_starts = watched.cold_starts()
    # Where a lone answer takes no longer than the occupancy at saturation says, the way there and back is part of it.
    broker = (profile.delay_s or profile.overhead_s) if subject.strategy == "streaming" else ()
    return replace(profile, cold_starts=cold_starts, broker_s=broker)


def with_cold_starts(
    profile: ServiceProfile,
    strategy: Strategy,
    host: Host,
    package: ModelPackage,
    rows: NDArray[np.float32],
    limits: Limits,
    seconds: float = 8.0,
) -> ServiceProfile:
    """The same with cold starts of a deployment on the function host that forgets idle instances at once.

    First each alone; then storms of them, which tell how many processors they share: n starts of S seconds that are
    over after T have had n · S / T between them. (On two threads of one core that is less than two.)
    """
    watched = Observed(host)
    short = replace(limits, settings={**limits.settings, "idle_s": _FORGET_S})
    with strategy.deploy(package, watched, short) as deployment:
        lone(deployment, rows, 2 * _FORGET_S, seconds)
        found = watched.cold_starts() or profile.cold_starts
        start_s = float(np.median([start.total_s for start in found]))
        at_once = _STORM * usable_cores()
        time.sleep(2 * _FORGET_S)
        storms = bursts(deployment, rows, at_once, at_once * start_s, _STORMS)
    shared = at_once * start_s / float(np.median(storms[:, -1])) if len(storms) else 0.0
    return replace(profile, cold_starts=found, start_cores=min(shared, float(usable_cores())))


def divide(
    service: Sequence[float], components: tuple[Component, ...]
) -> tuple[tuple[Component, ...], tuple[float, ...]]:
    """A request's occupancy as components and the overhead around them, which together have its mean and spread.

    Components were measured alone, in a tight loop; where they alone exceed the whole, they are scaled to it.
    """
    whole = np.asarray(service, np.float64)
    if not components:
        return (Component("model", ((1, tuple(whole.tolist())),)),), ()
    total_s, mean_s = sum(component.mean_s for component in components), float(whole.mean())
    if total_s >= 0.95 * mean_s:
        factor = 0.95 * mean_s / total_s
        components = tuple(_constant(c, factor) for c in components)
        total_s *= factor
    else:
        components = tuple(_constant(c, 1.0) for c in components)
    # The spread that was seen in the server counts once: components keep their means, the overhead carries the spread.
    rest = np.maximum(whole - total_s, LEAST_S)
    rest *= (mean_s - total_s) / float(rest.mean())
    return components, tuple(np.maximum(rest, LEAST_S).tolist())


def _constant(component: Component, factor: float) -> Component:
    means = tuple((size, (float(np.mean(samples)) * factor,)) for size, samples in component.service_s)
    return replace(component, service_s=means)


def _order(
    deployment: Deployment, rows: NDArray[np.float32], subject: Subject, mean_s: float, client_s: float, effort: Effort
) -> tuple[Discipline, str]:
    if subject.one_each:
        return "fcfs", "Every request has an instance to itself."
    if subject.in_caller:
        return "fcfs", "The caller's own thread serves one request after the other."
    at_once, gap_s = 4 * subject.workers, max(20 * mean_s, 0.005)
    together = bursts(deployment, rows, at_once, gap_s, effort.bursts)
    apart, said = spread(together, mean_s, subject.workers)
    said = f"{said[:1].upper()}{said[1:]}"
    if apart < 0.5 and mean_s < _FINEST * client_s:
        # Between two requests of so short a service the generator's own work would be all there is to see.
        return "turns", f"{said}; its service is too short to tell turns from sharing, and it runs an event loop."
    alone_s, followed_s = staggered(deployment, rows, mean_s / 2, gap_s, effort.bursts)
    held_up, also = slowdown(alone_s, followed_s, mean_s)
    return order_of_service(apart, held_up), f"{said}; {also}."


def _fullest(
    deployment: Deployment, rows: NDArray[np.float32], subject: Subject, effort: Effort, cancelled: CancelCheck
) -> Saturation:
    """Saturated by as many users as answer most; more only wait, or disturb each other."""
    if subject.one_each or subject.in_caller:
        return saturate(deployment, rows, 1, effort.saturated_s, cancelled)
    counts = (4 * subject.workers, 16 * subject.workers)
    runs = [saturate(deployment, rows, users, effort.saturated_s / len(counts), cancelled) for users in counts]
    return max(runs, key=lambda run: run.rate_rps)


def by_workers(profile: ServiceProfile) -> bool:
    """Whether the deployment's processor time is what occupies its workers.

    An embedded model's is only a part of it (the rest is the caller's own work), and a broker or a function's host have
    processes beside the workers.
    """
    return bool(profile.client_s) and profile.strategy != "streaming" and profile.host != "function"


def _with_loads(
    profile: ServiceProfile, deployment: Deployment, rows: NDArray[np.float32], effort: Effort, cancelled: CancelCheck
) -> ServiceProfile:
    # A function has no capacity to be exceeded: it would start instances until the machine has none left.
    surges = effort.surges if effort.loads and profile.host != "function" else ()
    at_load: list[AtLoad] = []
    for shares, seconds, from_idle in ((effort.loads, effort.load_s, False), (surges, TURNS * effort.surge_s, True)):
        rates = [min(profile.capacity_rps, _MOST_RPS) * share for share in shares]
        seen = zip(rates, under_load(deployment, rows, rates, seconds, cancelled), strict=True)
        at_load += [
            _told(profile, *pair, seconds / TURNS, from_idle) for pair in seen if len(pair[1].latency_s) >= FEWEST
        ]
    return replace(profile, at_load=tuple(sorted(at_load, key=lambda told: told.rate_rps)))


def _told(profile: ServiceProfile, rate_rps: float, seen: UnderLoad, run_s: float, from_idle: bool) -> AtLoad:
    latency_s = tuple(np.maximum(quantiles(seen.latency_s), LEAST_S).tolist())
    cpu_s = seen.cpu_s if seen.cpu_s > 0 and by_workers(profile) else None
    return AtLoad(rate_rps, latency_s, run_s, None if from_idle else cpu_s, from_idle)


def _payload_bytes(deployment: Deployment, rows: NDArray[np.float32], effort: Effort) -> int:
    before = deployment.usage().sent_bytes
    if before is None:
        return 0
    run = pauses(deployment, rows, (0.0,), effort.warm_up_s)
    sent = (deployment.usage().sent_bytes or 0) - before
    return round(sent / max(len(run.latency_s[0]) * 10 / 9, 1))
