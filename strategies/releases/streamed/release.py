"""One release in a stream, for real: a broker, a group of consumers, and a new version for some of them."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.provenance import Provenance
from data.workloads.contract import Workload
from strategies.contract import Limits
from strategies.hosts.contract import Host
from strategies.hosts.process import ProcessHost
from strategies.loadgen import drive
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.releases.choices import describe
from strategies.releases.contract import ReleasePolicy
from strategies.releases.faults._dressing import VARIABLE
from strategies.releases.faults.contract import Fault
from strategies.releases.faults.none import NoFault
from strategies.releases.live.fleets import fault_order, renamed, scratch
from strategies.releases.live.harm import harm, labels_of
from strategies.releases.live.release import ReleaseResult, Truth, labels_in_time, reader_of, trace_of
from strategies.releases.live.served import Served
from strategies.releases.router.accounts import Accounts
from strategies.releases.streamed.group import ReleasedGroup
from strategies.releases.streamed.shadow import ShadowedStream
from strategies.releases.streamed.shares import check_expressible, mirrors

CONSUMER = "strategies.releases.faults._consume"


def release_stream(
    package: ModelPackage,
    policy: ReleasePolicy,
    workload: Workload,
    rows: NDArray[np.float32],
    *,
    fault: Fault | None = None,
    consumers: int = 4,
    seed: int = 1,
    users: int = 1_000,
    slo_s: float = 0.5,
    timeout_s: float = 10.0,
    truth: Truth | None = None,
    label_delay_s: float = 0.0,
    ack_wait_s: float = 2.0,
    host: Host | None = None,
    on_decision: Callable[[dict[str, Any]], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    after_verdict_s: float | None = None,
) -> ReleaseResult:
    """Release a version to a share of a group's consumers, as `strategies.releases.live.release.release_live` does.

    Under a policy that copies requests, a second group of as many consumers serves the new version.

    Parameters
    ----------
    consumers
        Processes in the group; a policy's share is that of consumers, rounded up.
    ack_wait_s
        After which a request that a consumer took up and did not finish goes to another.
    after_verdict_s
        How long requests go on once there is a verdict; None lets them come until the workload ends.

    Raises `InvalidValue` for a policy that stops everything, and for a fault that spoils its process for every later
    model where the old one is to come back to it.
    """
    fault, host = fault or NoFault(), host or ProcessHost()
    check_expressible(policy)
    if fault.fails_after is not None and fault.fails_after[1] == "errors" and not mirrors(policy):
        raise InvalidValue(
            "fault", fault.title, "stays in a consumer's process", "shadow it, or release it behind an API"
        )
    from strategies.streams.sizes import Sizes
    from strategies.streams.starting import started

    schedule = workload.schedule(len(rows), seed)
    keys = np.random.default_rng([seed, 7]).integers(0, users, max(int(np.size(schedule.row)), 1))
    outputs = load_predictor(package).predict(np.asarray(rows, np.float32))
    old_labels, reader = labels_of(outputs, package.manifest), reader_of(outputs, package)
    labels = labels_in_time(schedule, truth, label_delay_s) if truth is not None else []
    limits = Limits(workers=consumers, timeout_s=timeout_s, settings={"ack_wait_s": ack_wait_s})
    with ExitStack() as stack:
        successor = renamed(fault.package(package, stack.enter_context(scratch())), stack.enter_context(scratch()))
        told = {**fault_order(successor, fault), "version": successor.version}
        environment = {VARIABLE: json.dumps(told)}
        sizes = Sizes.of(limits)
        served = Served(package.manifest, old_labels, reader, new_version=successor.version, slo_s=slo_s)
        group: ReleasedGroup | ShadowedStream
        if mirrors(policy):
            stream = stack.enter_context(started(package, host, limits, sizes))
            # A copy that would be handed out a third time has failed: nobody waits for it.
            patience = replace(limits, timeout_s=min(timeout_s, 2 * ack_wait_s))
            beside = started(successor, host, patience, sizes, CONSUMER, environment, stream.broker)
            group = ShadowedStream(
                stream, stack.enter_context(beside), policy.fresh(), Accounts(reader), package.manifest, served, labels,
                on_decision,
            )  # fmt: skip
        else:
            stream = stack.enter_context(started(package, host, limits, sizes, CONSUMER, environment))
            group = ReleasedGroup(
                stream, policy.fresh(), Accounts(reader), (package, successor), served, labels, on_decision
            )
        driven = drive(
            group, schedule, rows, timeout_s=timeout_s, on_progress=on_progress, cancelled=cancelled,
            enough=None if after_verdict_s is None else partial(group.decisions.ended, after_verdict_s),
        )  # fmt: skip
        if isinstance(group, ReleasedGroup):
            group.settle()
        usage = group.usage()
        totals = dict(group.accounts.total)
        extra_h = group.extra_instance_s / 3600 if isinstance(group, ShadowedStream) else 0.0
    outcome = harm(
        driven, package.manifest, old_labels, keys, group.decisions.log, new_version=successor.version, slo_s=slo_s,
        reader=reader, extra_instance_h=extra_h,
    )  # fmt: skip
    choice = describe(policy)
    provenance = Provenance("measured", f"{choice['policy']}: {told['fault']}", "", seed, problems=driven.problems)
    trace = trace_of(driven, package, usage, provenance)
    return ReleaseResult(outcome, tuple(group.decisions.log), trace, totals, choice, told)
