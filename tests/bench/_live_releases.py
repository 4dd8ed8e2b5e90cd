"""A live release's world: both of its versions, asked in this process, with the latencies that the release saw."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulators.releases import World
from simulators.releases.measured import world_of_versions
from simulators.releases.world import measured_latency
from strategies.packaging.package import ModelPackage
from strategies.releases.faults.contract import Fault
from strategies.releases.live.release import ReleaseResult

_FEWEST = 5


def world_seen(
    releases: Sequence[ReleaseResult],
    fault: Fault,
    package: ModelPackage,
    successor: ModelPackage,
    rows: Any,
    **more: Any,
) -> World:
    """The world of one or several live releases of the same two versions."""
    old, new = [], []
    for live in releases:
        trace = live.trace
        by_new = np.array(["+" in version for version in trace.versions])[trace.version] & trace.ok
        new.append(trace.latency_s[by_new])
        old.append(trace.latency_s[trace.ok & ~by_new])
    laws = {"old_latency": measured_latency(np.concatenate(old))}
    found = np.concatenate(new)
    if len(found) >= _FEWEST:  # else the new version is asked how much longer it takes
        laws["new_latency"] = measured_latency(found)
    return world_of_versions(package, successor, fault, rows, **laws, **more)
