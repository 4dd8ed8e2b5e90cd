"""One release, for real, from the first request to the last."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.provenance import Provenance
from data.trace import Trace
from data.usage import Usage
from data.workloads.contract import Schedule, Workload
from strategies.hosts.contract import Host
from strategies.hosts.process import ProcessHost
from strategies.loadgen import Driven, drive
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline, load_predictor
from strategies.releases.choices import describe
from strategies.releases.contract import ReleasePolicy
from strategies.releases.faults.contract import Fault
from strategies.releases.faults.none import NoFault
from strategies.releases.live.fleets import Fleet, Release, fault_order, routed, scratch, versions
from strategies.releases.live.harm import harm, labels_of
from strategies.releases.live.served import Served
from strategies.releases.live.users import Users
from strategies.releases.live.watching import Label, Watcher
from strategies.releases.outcome import ReleaseOutcome
from strategies.releases.router.answers import Reader, decile_edges

Truth = Sequence[str | float]


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What happened in a live release."""

    outcome: ReleaseOutcome
    log: tuple[dict[str, Any], ...]
    """Every decision with its moment, shares, reason, evidence and counts, as the router noted it."""
    trace: Trace
    totals: dict[str, int]
    """The router's own counts over all requests."""
    policy: dict[str, Any]
    fault: dict[str, Any]
    began_s: float = 0.0
    """When the release began, at the latest, in the trace's time: a busy machine is slow to say so to the router."""


def release_live(
    package: ModelPackage,
    policy: ReleasePolicy,
    workload: Workload,
    rows: NDArray[np.float32],
    *,
    fault: Fault | None = None,
    seed: int = 1,
    users: int = 1_000,
    slo_s: float = 0.5,
    timeout_s: float = 5.0,
    workers: int = 1,
    truth: Truth | None = None,
    label_delay_s: float = 0.0,
    host: Host | None = None,
    on_decision: Callable[[dict[str, Any]], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    during: Callable[[Release], None] | None = None,
    standing: tuple[Fleet, Fleet, ModelPackage] | None = None,
    after_verdict_s: float | None = None,
) -> ReleaseResult:
    """Release a version for real: deploy both, route between them, send the workload, and count what users got.

    Parameters
    ----------
    package
        The old version, and without a fault of its own the new one too.
    policy
        Decides; it is used in the router's process, so that this object stays as it is.
    rows
        What requests carry. (rows, features)
    fault
        What is wrong with the new version; None is nothing.
    users
        Different keys, among which requests are divided at random; every one is answered by one version at a time.
    truth
        The true answer to each row; it reaches the router `label_delay_s` after the request.
    during
        Called once both versions are up, before the first request; for tests that kill something later.
    standing
        Both versions, deployed already and left standing, and the new one's package; None deploys them.
    after_verdict_s
        How long users go on once there is a verdict; None lets them ask until the workload ends.

    Raises `Cancelled` when asked to stop, and `StartFailed` when a version does not start; all is stopped by then.
    """
    fault, host = fault or NoFault(), host or ProcessHost()
    schedule = workload.schedule(len(rows), seed)
    n = _requests(schedule)
    keys = np.random.default_rng([seed, 7]).integers(0, users, max(n, 1))
    outputs = load_predictor(package).predict(np.asarray(rows, np.float32))
    old_labels = labels_of(outputs, package.manifest)
    reader = reader_of(outputs, package)
    labels = labels_in_time(schedule, truth, label_delay_s) if truth is not None else []
    choice = describe(policy)
    order = {"policy": choice, "edges": reader.edges, "tolerance": reader.tolerance, "salt": str(seed)}
    recreate = choice["settings"].get("mode") == "recreate"
    with ExitStack() as stack:
        if standing is None:
            successor = fault.package(package, stack.enter_context(scratch()))
            deployed = versions(
                package, successor, fault, host, workers=workers, timeout_s=timeout_s, start_new=not recreate
            )
            old, new = stack.enter_context(deployed)
        else:
            old, new, successor = standing
        release = stack.enter_context(routed(old, new, order, host, timeout_s=timeout_s))
        if during is not None:
            during(release)
        told = fault_order(successor, fault)
        served = Served(package.manifest, old_labels, reader, new_version=told["version"], slo_s=slo_s)
        watcher = Watcher(release, labels, served, on_decision)
        users_of = partial(_users, release, watcher, served, package, keys, timeout_s)
        enough = None if after_verdict_s is None else partial(watcher.ended, after_verdict_s)
        driven, usage = _drive(release, watcher, users_of, schedule, rows, timeout_s, on_progress, cancelled, enough)
    lasted_s = min(schedule.duration_s, float(np.nanmax(driven.columns["end_s"], initial=0.0)))
    outcome = harm(
        driven, package.manifest, old_labels, keys, watcher.log, new_version=told["version"], slo_s=slo_s,
        reader=reader, extra_instance_h=max((usage.instance_s or 0) - workers * lasted_s, 0.0) / 3600,
    )  # fmt: skip
    provenance = Provenance("measured", f"{choice['policy']}: {told['fault']}", "", seed, problems=driven.problems)
    trace = trace_of(driven, package, usage, provenance)
    return ReleaseResult(
        outcome, tuple(watcher.log), trace, watcher.state["totals"], choice, told, watcher.began_s - driven.began_s
    )


def _users(
    release: Release, watcher: Watcher, served: Served, package: ModelPackage, keys: NDArray[np.int64], timeout_s: float
) -> Users:
    return Users(
        release.router, package.manifest.schema, keys, timeout_s=timeout_s + 2.0,
        usage=lambda: _together(release.old.usage(), release.new.usage()), begin=watcher.begin, served=served,
    )  # fmt: skip


def _drive(
    release: Release,
    watcher: Watcher,
    users: Callable[[], Users],
    schedule: Schedule,
    rows: NDArray[np.float32],
    timeout_s: float,
    on_progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool] | None,
    enough: Callable[[], bool] | None,
) -> tuple[Driven, Usage]:
    """Send the schedule; returns what came of it and what both fleets consumed."""
    before = release.old.usage(), release.new.usage()
    deployment = users()
    try:
        driven = drive(
            deployment, schedule, rows, timeout_s=timeout_s + 2.0, on_progress=on_progress, cancelled=cancelled,
            enough=enough,
        )  # fmt: skip
    finally:
        deployment.close()
        watcher.finish()
    return driven, _since(_together(release.old.usage(), release.new.usage()), _together(*before))


def reader_of(outputs: NDArray[np.float32], package: ModelPackage) -> Reader:
    """Reads answers into bins such as the old version's outputs (rows, k) fill evenly."""
    answers = headline(outputs, package.manifest.task)
    classes = package.manifest.task == "multiclass"
    return Reader(() if classes else decile_edges(answers.tolist()))


def labels_in_time(schedule: Schedule, truth: Truth, delay_s: float) -> list[Label]:
    """Every request's true answer, with the moment at which it becomes known; `truth` has one a row."""
    at_s = getattr(schedule, "at_s", None)
    if at_s is None:
        raise InvalidValue("truth", "given", "needs an open workload", "leave labels out of a closed loop")
    numbers = enumerate(zip(at_s.tolist(), schedule.row.tolist(), strict=True))
    return [(moment + delay_s, str(i), truth[row]) for i, (moment, row) in numbers]


def _requests(schedule: Schedule) -> int:
    return int(np.size(schedule.row))


def _together(*parts: Usage) -> Usage:
    return Usage(
        cpu_s=sum(part.cpu_s or 0.0 for part in parts),
        peak_bytes=sum(part.peak_bytes or 0 for part in parts),
        instance_s=sum(part.instance_s or 0.0 for part in parts),
    )


def _since(after: Usage, before: Usage) -> Usage:
    return Usage(
        cpu_s=(after.cpu_s or 0) - (before.cpu_s or 0),
        peak_bytes=after.peak_bytes,
        instance_s=(after.instance_s or 0) - (before.instance_s or 0),
    )


def trace_of(driven: Driven, package: ModelPackage, usage: Usage, provenance: Provenance) -> Trace:
    """The trace of what was driven, each request with its headline answer."""
    answered = ~np.isnan(driven.outputs[:, 0])
    answer = np.full(len(answered), np.nan)
    if answered.any():
        answer[answered] = headline(driven.outputs[answered], package.manifest.task)
    columns = {**driven.columns, "answer": answer}
    return Trace.build(columns, versions=driven.versions, usage=usage, provenance=provenance)
