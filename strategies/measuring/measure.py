"""One candidate, measured once: deploy, warm up, drive, read its usage, and keep all of it as a trace."""

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.errors import InvalidValue, Unavailable
from data.provenance import Provenance
from data.scenario import Application, Candidate, Measurement
from data.trace import Status, Trace
from data.usage import Usage
from data.workloads.contract import Workload
from strategies.contract import Deployment, Limits, Strategy
from strategies.hosts.contract import Host
from strategies.loadgen import Driven, drive
from strategies.loadgen.lateness import lateness_note
from strategies.measuring.steadiness import steadiness_note
from strategies.measuring.warm_up import rest_s, with_warm_up
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline
from strategies.training.watch import CancelCheck, Progress, never, silent

_REASONS_SHOWN = 5


def measure(
    package: ModelPackage,
    candidate: Candidate,
    workload: Workload,
    rows: NDArray[np.float32],
    *,
    seed: int,
    measurement: Measurement,
    scenario_toml: str,
    application: Application = "model",
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> Trace:
    """Measure one candidate once, in the calling process.

    Parameters
    ----------
    package
        The model to deploy.
    rows
        What requests carry, as what is deployed reads it. (rows, features)
    seed
        Source of the traffic: the same seed sends the same requests at the same moments to every candidate.
    scenario_toml
        The whole scenario, for the trace's provenance.
    application
        What is built around the model; its answer is what users get.
    progress
        Called with a stage's name and the share of the work that is done.

    Raises
    ------
    Cancelled
        `cancelled` said yes; the deployment has been stopped.
    Unavailable
        The candidate's host cannot run on this machine.
    InvalidValue
        The candidate names something that does not exist or cannot be combined.
    """
    strategy, host = _strategy(candidate), _host(candidate)
    warm_up_s = measurement.warm_up_s if strategy.warms_up else 0.0
    schedule = with_warm_up(workload, len(rows), seed, warm_up_s)
    progress("deploying", 0.0)
    with _deployed(package, candidate, strategy, host, measurement, application) as deployment:
        driven = drive(
            deployment,
            schedule,
            rows,
            timeout_s=measurement.timeout_s,
            usage_from_s=warm_up_s - rest_s(warm_up_s) / 2,
            on_progress=lambda share: progress("measuring", share),
            cancelled=cancelled,
        )
    provenance = Provenance("measured", candidate.name, scenario_toml, seed, warm_up_s, problems=driven.problems)
    return _noted(_trace(package, driven, provenance, application), driven, workload.duration_s)


def _deployed(
    package: ModelPackage,
    candidate: Candidate,
    strategy: Strategy,
    host: Host,
    measurement: Measurement,
    application: Application,
) -> AbstractContextManager[Deployment]:
    limits = _limits(candidate, measurement)
    if application == "model":
        return strategy.deploy(package, host, limits)
    from strategies.dealership import deploy_dealership, form_of  # its table of customers is not everybody's need

    return deploy_dealership(package, form_of(candidate.strategy, candidate.architecture), host, limits)


def _strategy(candidate: Candidate) -> Strategy:
    found = kind("strategies", Strategy, candidate.strategy)()  # type: ignore[type-abstract]
    if candidate.host not in found.hosts:
        rule = f"cannot run {candidate.strategy} ({found.why_not(candidate.host).rstrip('.')})"
        raise InvalidValue("host", candidate.host, rule, f"choose {' or '.join(found.hosts)}")
    if candidate.release != "basic":
        rule = "tells how a new version comes, while a comparison measures one version as it serves"
        raise InvalidValue(
            "release", candidate.release, rule,
            "take release basic here; the page Release, or python -m strategies.releases.live, measures that policy "
            "with two versions, real traffic and a fault",
        )  # fmt: skip
    return found


def _host(candidate: Candidate) -> Host:
    found = kind("strategies.hosts", Host, candidate.host)()  # type: ignore[type-abstract]
    if missing := found.missing():
        raise Unavailable(f"The host {candidate.host} cannot run here", missing)
    return found


def _limits(candidate: Candidate, measurement: Measurement) -> Limits:
    """The candidate's size; `cpus` and `memory_mib` among its settings are limits that a host enforces."""
    settings = dict(candidate.settings)
    cpus, memory_mib = settings.pop("cpus", None), settings.pop("memory_mib", None)
    return Limits(
        workers=candidate.workers,
        cpus=None if cpus is None else float(cpus),
        memory_bytes=None if memory_mib is None else int(float(memory_mib) * 2**20),
        timeout_s=measurement.timeout_s,
        settings=settings,
    )


def _trace(package: ModelPackage, driven: Driven, provenance: Provenance, application: Application) -> Trace:
    answered = ~np.isnan(driven.outputs[:, 0])
    answer = np.full(len(answered), np.nan)
    if answered.any():
        outputs = driven.outputs[answered]
        # The dealership answers with a ranking, the likeliest car first.
        answer[answered] = outputs[:, 0] if application == "dealership" else headline(outputs, package.manifest.task)
    return Trace.build(
        {**driven.columns, "answer": answer},
        versions=driven.versions,
        usage=used_between(driven.usage_before, driven.usage_after),
        provenance=provenance,
    )


def used_between(before: Usage, after: Usage) -> Usage:
    """What was consumed from one reading to another; the peak of memory is the whole deployment's."""

    def since(name: str) -> float | None:
        start, end = getattr(before, name), getattr(after, name)
        return None if end is None else max(end - (start or 0), 0)

    sent_bytes = since("sent_bytes")
    return Usage(
        cpu_s=since("cpu_s"),
        peak_bytes=after.peak_bytes,
        sent_bytes=None if sent_bytes is None else int(sent_bytes),
        instance_s=since("instance_s"),
        gb_s=since("gb_s"),
    )


def _noted(trace: Trace, driven: Driven, duration_s: float) -> Trace:
    """The trace with what its reader should know: why requests failed, and whether the run was steady."""
    notes = [
        *_failures(driven.reasons),
        steadiness_note(trace, duration_s),
        lateness_note(driven.columns, driven.late_s) if not driven.problems else "",
    ]
    problems = list(trace.provenance.problems)
    if len(trace) and not np.any(trace.status == Status.OK):
        problems.append("No request was answered.")
    provenance = replace(trace.provenance, problems=tuple(problems), notes=tuple(filter(None, notes)))
    return replace(trace, provenance=provenance)


def _failures(reasons: Mapping[str, int]) -> list[str]:
    shown = Counter(reasons).most_common(_REASONS_SHOWN)
    notes = [f"{count:,} requests failed: {reason}" for reason, count in shown]
    rest = sum(reasons.values()) - sum(count for _, count in shown)
    return [*notes, f"{rest:,} requests failed for other reasons."] if rest else notes
