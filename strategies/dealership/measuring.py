"""Profiles of the dealership: what each component takes, and what the network between them adds."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.profile import Component as Measured
from data.profile import ServiceProfile
from strategies.contract import Limits
from strategies.dealership.calling import Within
from strategies.dealership.components import build
from strategies.dealership.contract import COMPONENTS, Document, Form
from strategies.dealership.deployment import DealershipDeployment, deploy_dealership
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort, Subject, profile_deployment
from strategies.profiling.runs import saturate
from strategies.profiling.separating import LEAST_S


def customers(count: int = 500) -> NDArray[np.float32]:
    """Customers' numbers as rows of requests. (count, 1)"""
    numbers = np.random.default_rng(0).choice(4_654, count, replace=False) + 1
    return numbers.astype(np.float32).reshape(-1, 1)


def component_times(package: ModelPackage, numbers: Sequence[int]) -> tuple[Measured, ...]:
    """How long each component takes for a request by itself, called within this process."""
    within = _Timed()
    within.components = build(COMPONENTS, package.folder, within)
    whole: list[float] = []
    for number in (*numbers[:20], *numbers):
        begun_s = time.perf_counter()
        _finish(within.components["gateway"].answer({"customer": number}))
        whole.append(time.perf_counter() - begun_s)
    others = np.array([within.spent[name][20:] for name in COMPONENTS[1:]])  # (4, numbers)
    own = np.maximum(np.array(whole[20:]) - others.sum(axis=0), LEAST_S)
    samples = [own, *others]
    return tuple(Measured(name, ((1, tuple(times.tolist())),)) for name, times in zip(COMPONENTS, samples, strict=True))


def profile_dealership(
    package: ModelPackage, form: Form, host: Host, limits: Limits | None = None, effort: Effort | None = None
) -> ServiceProfile:
    """Deploy it in this form, measure, stop.

    Of microservices, processor time by process tells what being called (`serve_s`) and calling (`call_s`) occupy; what
    is left of the latency, spread over the ways between processes, is `hop_s`.
    """
    effort, rows = effort or Effort(), customers()
    alone = component_times(package, rows[:, 0].astype(int).tolist())
    subject = Subject(f"dealership {form}", form, "process", components=alone if form == "monolith" else ())
    with deploy_dealership(package, form, host, limits) as deployment:
        profile = profile_deployment(deployment, rows, subject, effort)
        if form == "monolith":
            return profile
        used_s = _by_process(deployment, rows, effort)
    return _apart(profile, alone, used_s)


def _apart(profile: ServiceProfile, alone: tuple[Measured, ...], used_s: dict[str, float]) -> ServiceProfile:
    """Split what a request takes among five processes; `used_s` is the processor time of each for one."""
    calls = len(COMPONENTS) - 1
    components = tuple(Measured(c.name, ((1, (min(c.mean_s, 0.95 * used_s[c.name]),)),), c.memory_bytes) for c in alone)
    mean_s = {c.name: c.mean_s for c in components}
    serve_s = max(float(np.mean([used_s[name] - mean_s[name] for name in COMPONENTS[1:]])), LEAST_S)
    front_s = used_s["gateway"] - mean_s["gateway"]
    # The gateway is called once and calls four times: it serves as the others do, and the rest is its calls'.
    overhead_s = min(serve_s, 0.5 * front_s)
    call_s = max((front_s - overhead_s) / calls, LEAST_S)
    # At saturation nearly all are further requests of a turn; how much longer a first one takes, only loads can tell.
    next_s = overhead_s + sum(mean_s.values())
    latency_s = profile.occupancy_s + sum(profile.delay_s)
    rest_s = latency_s - sum(used_s.values()) - float(np.mean(profile.client_s))
    hop_s = max(rest_s / (2 * calls + 2), LEAST_S)
    return replace(
        profile, components=components, overhead_s=(overhead_s,), call_s=(call_s,), serve_s=(serve_s,),
        hop_s=(hop_s,), delay_s=(2 * hop_s,), discipline="turns", next_s=next_s, idle=profile.idle,
        notes=("Occupancy: processor time of each process for an answer (U = X · S).",),
    )  # fmt: skip


def _by_process(deployment: DealershipDeployment, rows: NDArray[np.float32], effort: Effort) -> dict[str, float]:
    before = {name: part.usage().cpu_s or 0.0 for name, part in deployment.parts.items()}
    run = saturate(deployment, rows, 8, effort.saturated_s)
    used = {name: (part.usage().cpu_s or 0.0) - before[name] for name, part in deployment.parts.items()}
    total_s = sum(used.values())
    return {name: max(run.cpu_s * seconds / total_s, 2 * LEAST_S) for name, seconds in used.items()}


class _Timed(Within):
    def __init__(self) -> None:
        super().__init__()
        self.spent: dict[str, list[float]] = {name: [] for name in COMPONENTS}

    async def __call__(self, component: str, document: Document) -> Document:
        begun_s = time.perf_counter()
        answer = await super().__call__(component, document)
        self.spent[component].append(time.perf_counter() - begun_s)
        return answer


def _finish(answer: object) -> Document:
    """Run a coroutine that never waits, without an event loop, whose turns would be timed as well."""
    assert asyncio.iscoroutine(answer)
    try:
        answer.send(None)
    except StopIteration as end:
        found: Document = end.value
        return found
    raise AssertionError("a component within the process waited for something")
