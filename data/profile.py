"""A service profile: what was measured of a deployment, in the terms in which its behaviour is predicted.

Occupancy is not latency. What occupies a worker decides how much the deployment can do; what only delays an answer does
not. An idle server answers slower than a busy one (it has to be woken, its caches are cold), so that the latency seen
at low load says nothing about capacity. A profile keeps the two apart: occupancy comes from saturation (X_max workers'
work in every second) and the utilisation law U = X · S; the rest of the latency at low load is delay, and part of that
depends on how long the server has been idle.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from data.errors import InvalidFile, InvalidValue, Problem
from data.provenance import machine_facts, software_versions

Samples = tuple[float, ...]
"""Seconds, each as likely as the others; empty where nothing was measured."""
Discipline = Literal["fcfs", "ps", "turns"]
"""fcfs: a worker serves one request after the other. ps: those in service share a processor (or an interpreter). turns:
an event loop takes up all that have arrived, and sends their answers together at the end of its turn."""
FORMAT = "drydock service profile 1"


@dataclass(frozen=True, slots=True)
class Component:
    """One part of an application, such as its model."""

    name: str
    service_s: tuple[tuple[int, Samples], ...]
    """Batch size, ascending from 1, to how long such a batch occupies a worker."""
    memory_bytes: int = 0

    def __post_init__(self) -> None:
        sizes = [size for size, _ in self.service_s]
        if not sizes or sizes[0] != 1 or sizes != sorted(set(sizes)):
            raise InvalidValue(
                f"service_s of {self.name}", sizes, "must list ascending batch sizes from 1", "measure a batch of 1"
            )
        for size, samples in self.service_s:
            _durations(f"service_s of {self.name} at batch size {size}", samples, needed=True)

    @property
    def mean_s(self) -> float:
        """Mean occupancy of one request alone."""
        return float(np.mean(self.service_s[0][1]))


@dataclass(frozen=True, slots=True)
class Idle:
    """What the first answer after a pause takes longer."""

    after_s: float
    """For pauses at least so long."""
    extra_s: Samples
    occupies: bool = True
    """Whether the worker is occupied meanwhile, or only the answer delayed."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One start of an instance, by phase."""

    phases_s: tuple[tuple[str, float], ...]

    @property
    def total_s(self) -> float:
        return sum(seconds for _, seconds in self.phases_s)


@dataclass(frozen=True, slots=True)
class AtLoad:
    """What users saw of a deployment under Poisson traffic: it is what durations are fitted to."""

    rate_rps: float
    latency_s: Samples
    """Of the answers, at even quantiles, ascending; of several runs, each quantile's median over them."""
    run_s: float | None = None
    """How long each of these runs was: what is rare is in some of them only."""
    cpu_s: float | None = None
    """Processor time of the deployment for an answer; None where that is not what occupies its workers."""
    from_idle: bool = False
    """Whether these were short bursts at an idle deployment, which tell how it gets going, and not a steady load."""
    delay_factor: float = 1.0
    """How many times as long the delay is at this load, as calibration found it."""
    idle_factor: float = 1.0
    """How many times as much longer answers after a pause take at this load, likewise."""
    stall_factor: float = 1.0
    """How many times as long services are held up that take more than twice as long as usual, likewise."""


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """What predictions about a deployment are made of. Durations are in seconds."""

    name: str
    strategy: str
    host: str
    workers: int
    """Workers that it was measured with."""
    components: tuple[Component, ...]
    """In the order in which a request meets them; a lone model is one component."""
    overhead_s: Samples = ()
    """What a request occupies a worker with besides the components: reading HTTP, checking, writing the answer."""
    delay_s: Samples = ()
    """What only delays its answer."""
    idle: tuple[Idle, ...] = ()
    """By ascending pause; the longest one reached counts."""
    client_s: Samples = ()
    """What a request occupies the load generator's one thread with; it is no part of the deployment."""
    discipline: Discipline = "fcfs"
    next_s: float = 0.0
    """With turns: mean time for which each further request of a turn occupies the worker; 0 is as long as the first."""
    turn_power: float = 1.0
    """With turns: n further requests take in proportion to n ** turn_power, and in the longest turn `next_s` each."""
    refuse_s: float = 0.0
    """What refusing a request occupies a full function host with: it is read before it is refused."""
    discipline_evidence: str = ""
    """Which runs said so."""
    capacity_rps: float = math.inf
    """Requests per second at saturation, X_max."""
    cpu_s: float = 0.0
    """Processor time of the deployment for a request, at saturation."""
    idle_cpu_share: float = 0.0
    """Processor seconds per second that it uses without any request."""
    call_s: Samples = ()
    """What calling a component in another process occupies the caller with."""
    serve_s: Samples = ()
    """What being called over the network occupies the called process with, besides the component."""
    hop_s: Samples = ()
    """One way between two processes; only delays."""
    broker_s: Samples = ()
    """Through a broker and back; only delays."""
    lookup_s: Samples = ()
    """Looking up an answer that was computed beforehand."""
    cold_starts: tuple[ColdStart, ...] = ()
    start_cores: float = 0.0
    """Processors that start-ups at once were seen to share on the measuring machine; 0 where that was not measured."""
    at_load: tuple[AtLoad, ...] = ()
    """By ascending rate; none where it was not driven under load."""
    shared_core_rps: float = 0.0
    """Below this rate of late the scheduler keeps the deployment on the load generator's processor core; 0 is never."""
    shared_core_factor: float = 1.0
    """How many times as long services then take."""
    slow_power: float = 1.0
    """Where work takes s times as long on a slow machine, services take s ** slow_power times as long."""
    payload_bytes: int = 0
    """Of a request and its answer together, as far as they cross a process boundary."""
    memory_bytes: int = 0
    cores: int = 1
    """Processor cores that everything on the measuring machine shared, the load generator included."""
    generator_apart: bool = False
    """Whether the load generator had a core of its own, which `cores` does not count."""
    notes: tuple[str, ...] = ()
    measured_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    software: Mapping[str, str] = field(default_factory=lambda: software_versions())
    machine: Mapping[str, str] = field(default_factory=lambda: machine_facts())

    def __post_init__(self) -> None:
        names = [component.name for component in self.components]
        if not names or len(set(names)) < len(names):
            raise InvalidValue("components", names, "must be named, each once", "give at least one component")
        for name in _SAMPLES:
            _durations(name, getattr(self, name))
        after = [idle.after_s for idle in self.idle]
        if after != sorted(set(after)) or any(a <= 0 for a in after):
            raise InvalidValue("idle", after, "must have ascending pauses above 0", "sort them and drop repeats")
        for idle in self.idle:
            _durations(f"idle after {idle.after_s:g} s", idle.extra_s, needed=True)
        rates = [seen.rate_rps for seen in self.at_load]
        if rates != sorted(set(rates)) or any(rate <= 0 for rate in rates):
            raise InvalidValue("at_load", rates, "must have ascending rates above 0", "sort them and drop repeats")
        for seen in self.at_load:
            _durations(f"latency_s at {seen.rate_rps:g}/s", seen.latency_s, needed=True)
            known = tuple(value for value in (seen.run_s, seen.cpu_s) if value is not None)
            _durations(f"run_s and cpu_s at {seen.rate_rps:g}/s", known)
            _durations(f"factors at {seen.rate_rps:g}/s", (seen.delay_factor, seen.idle_factor, seen.stall_factor))
        if self.discipline not in ("fcfs", "ps", "turns"):
            raise InvalidValue("discipline", self.discipline, "is not a discipline", "give fcfs, ps or turns")

    @property
    def occupancy_s(self) -> float:
        """Mean seconds for which a request occupies a worker, S."""
        overhead = float(np.mean(self.overhead_s)) if self.overhead_s else 0.0
        return overhead + sum(component.mean_s for component in self.components)

    @property
    def cpu_share(self) -> float:
        """Processor time for a second of occupancy; below 1 where a worker also waits."""
        return self.cpu_s / self.occupancy_s

    def under(self, rate_rps: float) -> "ServiceProfile":
        """The same as it is at this rate: between two rates that were measured, factors change evenly with the rate.

        How slow an idle machine is depends on more than its last pause: on how soon its processors fall asleep, which
        they learn from the traffic. And the more there is to do, the longer a process waits for a processor that others
        have. Below the lowest rate and above the highest it is as there.
        """
        steady = [seen for seen in self.at_load if not seen.from_idle]
        rates = [seen.rate_rps for seen in steady]
        factors = np.log([(seen.delay_factor, seen.idle_factor, seen.stall_factor) for seen in steady])
        if not rates or not factors.any():
            return self
        delay, idle, stall = (float(np.exp(np.interp(rate_rps, rates, column))) for column in factors.T)
        pauses = tuple(replace(each, extra_s=_stretched(each.extra_s, idle)) for each in self.idle)
        changed = replace(self, delay_s=_stretched(self.delay_s, delay), idle=pauses)
        if self.overhead_s:
            return replace(changed, overhead_s=_stretched(self.overhead_s, stall, beyond=2.0))
        (size, samples), *more = self.components[0].service_s
        longer = replace(self.components[0], service_s=((size, _stretched(samples, stall, beyond=2.0)), *more))
        return changed.with_component(longer)

    def component(self, name: str) -> Component:
        """The component of that name."""
        for component in self.components:
            if component.name == name:
                return component
        known = ", ".join(component.name for component in self.components)
        raise InvalidValue("component", name, "is not in the profile", f"choose one of {known}")

    def with_component(self, component: Component) -> "ServiceProfile":
        """The same with another component in the place of the one with its name, such as another model."""
        self.component(component.name)
        changed = tuple(component if each.name == component.name else each for each in self.components)
        return replace(self, components=changed)

    def to_json(self) -> str:
        """Text that `from_json` reads back exactly."""
        values = {"format": FORMAT, **asdict(self)}
        values["capacity_rps"] = None if math.isinf(self.capacity_rps) else self.capacity_rps
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, file: str = "service profile") -> "ServiceProfile":
        """What `to_json` wrote; `InvalidFile` for anything else."""
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
                raise ValueError(f"is not a {FORMAT!r}")
            return cls(**_read(values))
        except (ValueError, TypeError, KeyError) as error:
            problem = Problem(0, "", "", f"is not a service profile of this version ({error})")
            raise InvalidFile(file, (problem,), "measure the profile again") from error

    def save(self, path: Path) -> None:
        """Write JSON; it appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(self.to_json())
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "ServiceProfile":
        return cls.from_json(path.read_text(), path.name)


_SAMPLES = ("overhead_s", "delay_s", "client_s", "call_s", "serve_s", "hop_s", "broker_s", "lookup_s")


def _read(values: dict[str, Any]) -> dict[str, Any]:
    unknown = values.keys() - {f.name for f in fields(ServiceProfile)}
    if unknown:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    values["components"] = tuple(
        Component(c["name"], tuple((size, tuple(samples)) for size, samples in c["service_s"]), c["memory_bytes"])
        for c in values["components"]
    )
    values["idle"] = tuple(Idle(i["after_s"], tuple(i["extra_s"]), i["occupies"]) for i in values["idle"])
    values["at_load"] = tuple(_seen(seen) for seen in values.get("at_load", ()))
    values["cold_starts"] = tuple(
        ColdStart(tuple((name, seconds) for name, seconds in c["phases_s"])) for c in values["cold_starts"]
    )
    values["capacity_rps"] = math.inf if values["capacity_rps"] is None else values["capacity_rps"]
    return values | {name: tuple(values[name]) for name in (*_SAMPLES, "notes")}


def _seen(values: dict[str, Any]) -> AtLoad:
    """A load; files of the first versions know no more of it than its latencies."""
    return AtLoad(**values | {"latency_s": tuple(values["latency_s"])})


def _stretched(samples: Samples, factor: float, beyond: float = 0.0) -> Samples:
    """Each longer by that factor, as far as it is beyond so many times their median."""
    values = np.asarray(samples, np.float64)
    start_s = beyond * float(np.median(values)) if len(values) else 0.0
    return tuple(np.where(values > start_s, start_s + (values - start_s) * factor, values).tolist())


def _durations(name: str, samples: Sequence[float], needed: bool = False) -> None:
    if needed and not samples:
        raise InvalidValue(name, (), "must not be empty", "measure it at least once")
    bad = [value for value in samples if not (math.isfinite(value) and value > 0)]
    if bad:
        raise InvalidValue(name, bad[0], "must be above 0 and finite", "remove samples that are not durations")
