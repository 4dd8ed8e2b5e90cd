"""What architectures are put together from: measured durations as laws, stations, units and the model's place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.errors import InvalidValue
from data.profile import Component, Samples, ServiceProfile
from simulators.plan import (
    Balancing,
    Batching,
    Crash,
    Deterministic,
    Empirical,
    Exponential,
    Fixed,
    Law,
    Parts,
    PerRequest,
    Plan,
    Refresh,
    Scaling,
    Station,
    Step,
    Unit,
    Visit,
    Wake,
    scaled,
)
from simulators.plan import (
    Sequence as Steps,
)
from simulators.plan.laws import SimpleLaw

DAY_S = 86_400.0
MOST_IN_A_TURN = 64
_MOST_AT_ONCE = {"streaming": 512}
"""Of strategies whose consumers take up more at a time."""
_TURNS = (2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Sizes between which a turn's length changes evenly."""
MOST_SAMPLES = 8_000
"""A law keeps at most so many samples, at even quantiles: more would only slow the simulation down."""


def law(samples: Samples, added_s: float = 0.0) -> SimpleLaw:
    """Measured durations as a law, each `added_s` longer."""
    values = np.sort(np.asarray(samples, np.float64))
    if len(values) > MOST_SAMPLES:
        values = values[((np.arange(MOST_SAMPLES) + 0.5) / MOST_SAMPLES * len(values)).astype(np.int64)]
    if len(values) == 1:
        return Deterministic(float(values[0]) + added_s)
    return Empirical(tuple((values + added_s).tolist()))


def measured(profile: ServiceProfile, name: str, remedy: str) -> Samples:
    """The profile's samples of that name; `InvalidValue` when there are none."""
    samples: Samples = getattr(profile, name)
    if not samples:
        raise InvalidValue(name, (), "was not measured in this profile", remedy)
    return samples


def work(*named: tuple[str, Samples], share: float = 1.0) -> Law:
    """One law of durations one after the other, by name; those without samples are left out."""
    parts = tuple((name, law(samples)) for name, samples in named if samples)
    made: Law = parts[0][1] if len(parts) == 1 else Parts(parts)
    return made if share == 1.0 else scaled(made, share)


def components_work(components: Iterable[Component]) -> list[tuple[str, Samples]]:
    return [(component.name, component.service_s[0][1]) for component in components]


def hop(profile: ServiceProfile, values: Mapping[str, float]) -> SimpleLaw | None:
    """One way between two machines: as measured between two processes, and what the setting adds."""
    added_s = values.get("extra_hop_ms", 0.0) / 1e3
    if profile.hop_s:
        return law(profile.hop_s, added_s)
    return Deterministic(added_s) if added_s else None


def station(
    name: str,
    service: Law,
    profile: ServiceProfile,
    values: Mapping[str, float],
    *,
    front: bool,
    refresh: Refresh | None = None,
) -> Station:
    """A component as it was measured; `front` is what users talk to, whose answers also have the measured delays."""
    shared = profile.discipline == "ps"
    return Station(
        name,
        service,
        workers=None if shared else int(values.get("workers", 1)),
        queue_limit=int(values["queue_limit"]) if "queue_limit" in values and not shared else None,
        batching=turns(service, profile) if profile.discipline == "turns" else None,
        delay=law(profile.delay_s) if front and profile.delay_s else None,
        wakes=wakes(profile) if front else (),
        refresh=refresh,
    )


def turns(service: Law, profile: ServiceProfile) -> Batching:
    """An event loop's turn takes up all that wait: the first takes `service`, the further ones what the profile says.

    Where not all of the work is this station's, the further ones take the same share of the first's mean.
    """
    most = _MOST_AT_ONCE.get(profile.strategy, MOST_IN_A_TURN)
    mean_s, share = service.mean_s, profile.next_s / profile.occupancy_s or 1.0
    sizes = (*(size for size in _TURNS if size < most), most) if profile.turn_power != 1.0 else (most,)
    further = [(most - 1) * ((size - 1) / (most - 1)) ** profile.turn_power for size in sizes]
    longer = [(size, Deterministic(mean_s * (1 + share * many))) for size, many in zip(sizes, further, strict=True)]
    return Batching(most, 0.0, ((1, service), *longer))


def wakes(profile: ServiceProfile) -> tuple[Wake, ...]:
    return tuple(Wake(idle.after_s, law(idle.extra_s), idle.occupies) for idle in profile.idle)


def unit(
    stations: Sequence[Station],
    profile: ServiceProfile,
    values: Mapping[str, float],
    scaling: Scaling,
    *,
    balancing: Balancing = "least_connections",
    start_up: Law | None = None,
) -> Unit:
    """What is deployed as one; with processor sharing each worker is an interpreter, of one core."""
    crash = None
    if values.get("crashes_per_day"):
        every = Exponential(DAY_S / values["crashes_per_day"])
        crash = Crash(every, Exponential(values["repair_s"]), values["detect_s"])
        start_up = start_up or (law(_totals(profile)) if profile.cold_starts else None)
    return Unit(
        stations[0].name,
        tuple(stations),
        scaling,
        balancing,
        cores=values.get("workers", 1) if profile.discipline == "ps" else None,
        start_up=start_up,
        crash=crash,
        memory_bytes=profile.memory_bytes,
    )


def function_unit(
    name: str,
    service: Law,
    profile: ServiceProfile,
    values: Mapping[str, float],
    *,
    front: bool,
    refresh: Refresh | None = None,
) -> Unit:
    """A function: an instance for each request, started when none is idle."""
    made = Station(
        name,
        service,
        queue_limit=0,
        delay=law(profile.delay_s) if front and profile.delay_s else None,
        wakes=wakes(profile) if front else (),
        refresh=refresh,
    )
    scaling = PerRequest(
        idle_expiry_s=values["idle_expiry_s"],
        concurrency=int(values["concurrency"]),
        provisioned=int(min(values["provisioned"], values["concurrency"])),
    )
    start = start_up(profile, values["extra_start_s"])
    return Unit(name, (made,), scaling, start_up=start, memory_bytes=profile.memory_bytes)


def start_up(profile: ServiceProfile, added_s: float = 0.0) -> SimpleLaw:
    """From the decision to start an instance until it serves."""
    if not profile.cold_starts:
        rule = "was not measured in this profile"
        raise InvalidValue("cold_starts", (), rule, "profile the model with its cold starts, on the function host")
    return law(_totals(profile), added_s)


def _totals(profile: ServiceProfile) -> Samples:
    return tuple(start.total_s for start in profile.cold_starts)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the application ends and the model begins, under one strategy."""

    inside: tuple[tuple[str, Samples], ...]
    """What the application does itself, by name; empty where the model is all there is."""
    model: Unit | None
    """The model's own unit, where it has one."""
    call: Visit | None
    refresh: Refresh | None

    def with_model(self, model: Unit) -> "Layout":
        """The same with another unit for the model."""
        return replace(self, model=model)

    def plan(
        self, name: str, application: Callable[[Station], Unit], make: Callable[[Law, Refresh | None], Station]
    ) -> Plan:
        """Ask the application, if there is one, and then the model where that is elsewhere."""
        units: list[Unit] = []
        steps: list[Step] = []
        if self.inside:
            front = make(work(*self.inside), self.refresh)
            units.append(application(front))
            steps.append(Visit(front.name))
        if self.model is not None and self.call is not None:
            units.append(self.model)
            steps.append(self.call)
        return Plan(name, tuple(units), steps[0] if len(steps) == 1 else Steps(tuple(steps)))


def layout(profile: ServiceProfile, strategy: str, values: Mapping[str, float], scaling: Scaling) -> Layout:
    """What each strategy makes of the profile's model; `scaling` is that of the model's unit."""
    others = [component for component in profile.components if component.name != "model"]
    own = [("http", profile.overhead_s), *components_work(others)]
    if strategy == "embedded":
        return Layout((("http", profile.overhead_s), *components_work(profile.components)), None, None, None)
    if strategy == "batch":
        lookup = measured(profile, "lookup_s", "profile the look-up of a batch job's output")
        return Layout((*own, ("lookup", lookup)), None, None, refresh(profile, values))
    inside = (*own, ("call", profile.call_s)) if others else ()
    way = broker_hop(profile) if strategy == "streaming" else hop(profile, values) if others else None
    return Layout(inside, model_unit(profile, strategy, values, scaling), Visit("model", hop=way), None)


def model_unit(profile: ServiceProfile, strategy: str, values: Mapping[str, float], scaling: Scaling) -> Unit:
    """The model in a unit of its own: a server, or consumers of a stream."""
    serving = profile.serve_s or profile.overhead_s
    service = work(("serve", serving), *components_work([profile.component("model")]))
    alone = len(profile.components) == 1
    made = station("model", service, profile, values, front=alone)
    if strategy == "streaming":
        return unit([made], profile, values, scaling, balancing="shared_queue")
    return unit([made], profile, values, scaling)


def broker_hop(profile: ServiceProfile) -> Law:
    """One way through the broker: half of there and back."""
    return scaled(law(measured(profile, "broker_s", "profile a streaming deployment")), 0.5)


def refresh(profile: ServiceProfile, values: Mapping[str, float]) -> Refresh:
    """The job that predicts all rows, in batches of the largest size that was measured."""
    size, samples = profile.component("model").service_s[-1]
    duration_s = float(np.mean(samples)) * values["batch_rows"] / size
    return Refresh(values["batch_every_s"], Deterministic(duration_s))


def fixed(values: Mapping[str, float], name: str = "replicas") -> Fixed:
    return Fixed(int(values[name]))
