"""What a scenario's candidate is to the simulators: a plan, the way it is billed, and what a request takes of it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from data.discovery import kind
from data.errors import InvalidValue
from data.estimate import Estimate
from data.estimates import Summary
from data.profile import ColdStart, Component, Samples, ServiceProfile
from data.scenario import Candidate
from simulators.architectures.contract import Architecture, Platform
from simulators.cost.shape import Shape, Work
from simulators.plan import Guard, PerRequest, Plan, offered_load

_MOST_SAMPLES = 200
_STARTS, _LONGEST_SETTLING_S = 5.0, 120.0
_HOST_ARCHITECTURE: Mapping[str, str] = {"function": "serverless"}
_HOST_PLATFORM: Mapping[str, Platform] = {"container": "tasks"}


def architecture_of(candidate: Candidate) -> Architecture:
    """The architecture that a candidate is laid out in; one measured on the function host is serverless."""
    name = candidate.architecture
    if candidate.source == "measured":
        name = _HOST_ARCHITECTURE.get(candidate.host, name)
    found: Architecture = kind("simulators.architectures", Architecture, name)()  # type: ignore[type-abstract]
    return found


def settings_of(candidate: Candidate, architecture: Architecture) -> dict[str, int | float]:
    """The architecture's settings that a candidate gives, its workers among them.

    Of a measured candidate, whose settings are its strategy's and host's, what has a counterpart is taken over.
    """
    given: dict[str, int | float] = {}
    for name, value in candidate.settings.items():
        if candidate.source == "simulated" or name in architecture.settings:
            if isinstance(value, str):
                raise InvalidValue(name, value, "must be a number", "give a number, or remove it")
            given[name] = value
    if candidate.source == "measured" and "every_s" in candidate.settings and "batch_every_s" in architecture.settings:
        given["batch_every_s"] = max(float(candidate.settings["every_s"]), 1.0)
    if "workers" in architecture.settings:
        given.setdefault("workers", candidate.workers)
    return given


def plan_of(
    candidate: Candidate, profile: ServiceProfile, *, timeout_s: float | None = None, least: int | None = None
) -> Plan:
    """The candidate's plan.

    Parameters
    ----------
    timeout_s
        After so long users give up; None lets them wait for ever.
    least
        Replicas that traffic takes where their number is fixed and the candidate's own is smaller.

    Raises `InvalidValue` where the strategy makes no sense in the architecture, or the profile lacks what it needs.
    """
    architecture = architecture_of(candidate)
    values = settings_of(candidate, architecture)
    if least is not None:
        for name in ("replicas", "model_replicas"):
            if name in architecture.settings:
                values[name] = max(int(values.get(name, 1)), min(least, int(architecture.settings[name].high)))
    made = architecture.plan(profile, strategy=candidate.strategy, settings=values)
    return made if timeout_s is None else replace(made, request=Guard(made.request, timeout_s=timeout_s))


def settling_s(plan: Plan) -> float:
    """How long traffic must have come before instances that start with it have started.

    What is asked of a candidate is how it goes on. Servers stand ready when traffic begins; functions do not.
    """
    starts = [unit.start_up.mean_s for unit in plan.units if isinstance(unit.scaling, PerRequest) and unit.start_up]
    return min(_STARTS * max(starts, default=0.0), _LONGEST_SETTLING_S)


def shape_of(candidate: Candidate) -> Shape:
    """How the candidate is billed."""
    architecture = architecture_of(candidate)
    settings = architecture.settings
    given = settings_of(candidate, architecture)

    def value(name: str) -> float:
        return float(given.get(name, settings[name].default)) if name in settings else 0.0

    replicas = "model_replicas" if candidate.strategy in ("api", "streaming") else "replicas"
    autoscaled = "minimum" in settings
    target = value("target") if "target" in settings else value("target_in_flight")
    # A target of t requests in an instance of one worker is a queue with ρ/(1 - ρ) = t.
    busy = target if "target" in settings else target / (1 + target)
    batched = candidate.strategy == "batch" and "batch_every_s" in settings
    sizing = candidate.sizing
    return Shape(
        platform=_HOST_PLATFORM.get(candidate.host, architecture.platform)
        if candidate.source == "measured" else architecture.platform,
        strategy=candidate.strategy,
        workers=candidate.workers if "workers" in settings else 1,
        least=int(value("minimum")) if autoscaled else max(int(value(replicas) or value("replicas")), 1),
        most=int(value("maximum")) if autoscaled else None,
        busy_share=busy if autoscaled else None,
        instance=sizing.instance,
        memory_mb=sizing.memory_mb,
        vcpu=sizing.vcpu,
        idle_expiry_s=value("idle_expiry_s") or 600.0,
        provisioned=int(value("provisioned")),
        batch_every_s=value("batch_every_s") if batched else None,
        batch_rows=int(value("batch_rows")) if batched else 0,
        staff_hours=sizing.staff_hours,
        release=candidate.release,
    )  # fmt: skip


def work_of(candidate: Candidate, profile: ServiceProfile, package_bytes: int = 0) -> Work:
    """What a request takes, from the profile's samples: the mean, its interval, and samples for rounding.

    Of a whole application, what it takes of every unit of the candidate's plan.
    """
    whole = len(profile.components) > 1
    called = [c.service_s[0][1] for c in profile.components if c.name != "model"]
    answering = profile.component("model").service_s[0][1]
    if candidate.strategy == "batch":
        answering = profile.lookup_s or answering
    filled = [np.asarray(part, np.float64) for part in (profile.overhead_s, *called, answering) if part]
    by_unit_s = _by_unit_s(plan_of(candidate, profile)) if whole else (float(sum(part.mean() for part in filled)),)
    mean_s = sum(by_unit_s)
    half_s = 1.96 * float(np.sqrt(sum(part.var() / len(part) for part in filled)))
    widest = max(filled, key=len)
    at = np.quantile(widest, (np.arange(_MOST_SAMPLES) + 0.5) / _MOST_SAMPLES) if len(widest) > 1 else widest
    samples = at - widest.mean() + mean_s
    size, batch = profile.component("model").service_s[-1]
    init = [start.total_s for start in profile.cold_starts]
    return Work(
        mean_s, max(mean_s - half_s, 0.0), mean_s + half_s, len(widest),
        init_s=float(np.mean(init)) if init else 0.0,
        row_s=float(np.mean(batch)) / size,
        payload_bytes=profile.payload_bytes,
        # Profiled apart, memory is that of all processes together; whoever is billed for one of them pays its part.
        memory_bytes=profile.memory_bytes // (len(by_unit_s) if candidate.architecture == "microservices" else 1),
        package_bytes=package_bytes,
        samples_s=tuple(np.maximum(samples, 1e-9).tolist()),
        origin="profile",
        shares=tuple(seconds / mean_s for seconds in by_unit_s),
    )  # fmt: skip


def _by_unit_s(plan: Plan) -> tuple[float, ...]:
    """Seconds for which a request occupies a worker of each unit; a function waits occupied for one that it calls."""
    seconds = dict.fromkeys((unit.name for unit in plan.units), 0.0)
    for load in offered_load(plan, 1.0):
        unit, station = plan.unit_of[load.station], plan.by_name[load.station]
        each_s = load.work_s if isinstance(unit.scaling, PerRequest) else station.service.mean_s
        seconds[unit.name] += load.rate_rps * each_s
    return tuple(seconds.values())


def measured_work(
    candidate: Candidate, summary: Summary, sent_bytes: float | None, profile: ServiceProfile | None
) -> Work | None:
    """What a request took in a candidate's own runs: processor time, memory, bytes.

    None where its processor time is not known with an interval. The start of a function's instance, a job's time for
    a row, and how the units of an application share the work are the profile's, where there is one.
    """
    cpu = summary.cpu_s_per_1000
    if not isinstance(cpu, Estimate) or cpu.value <= 0:
        return None
    peak = summary.peak_mib
    whole = profile is not None and len(profile.components) > 1
    beside = work_of(candidate if whole else Candidate(name="x", strategy="api"), profile) if profile else None
    shares = beside.shares if beside else (1.0,)
    return Work(
        cpu.value / 1e3, cpu.low / 1e3, cpu.high / 1e3, cpu.n,
        init_s=beside.init_s if beside else 0.0,
        row_s=beside.row_s if beside else cpu.value / 1e3,
        payload_bytes=round(sent_bytes or 0.0),
        memory_bytes=int(peak.value * 2**20 / len(shares)) if isinstance(peak, Estimate) else 0,
        package_bytes=beside.package_bytes if beside else 0,
        shares=shares,
    )  # fmt: skip


def scaled_profile(profile: ServiceProfile, service: float = 1.0, cold: float = 1.0) -> ServiceProfile:
    """The same with services, and starts of instances, so many times as long."""

    def longer(samples: Samples) -> Samples:
        return tuple(seconds * service for seconds in samples)

    components = tuple(
        Component(c.name, tuple((size, longer(samples)) for size, samples in c.service_s), c.memory_bytes)
        for c in profile.components
    )
    starts = tuple(
        ColdStart(tuple((name, seconds * cold) for name, seconds in start.phases_s)) for start in profile.cold_starts
    )
    return replace(
        profile, components=components, overhead_s=longer(profile.overhead_s), serve_s=longer(profile.serve_s),
        call_s=longer(profile.call_s), lookup_s=longer(profile.lookup_s), next_s=profile.next_s * service,
        cold_starts=starts,
    )  # fmt: skip
