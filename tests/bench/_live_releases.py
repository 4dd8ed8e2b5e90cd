"""A live release's world: both of its versions, asked in this process, with the latencies that the policy saw."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulators.releases import World
from simulators.releases.measured import world_of_versions
from strategies.packaging.package import ModelPackage
from strategies.releases.faults.contract import Fault
from strategies.releases.live.job import latencies
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
    seen = [latencies(live) for live in releases]
    old, new = (np.sum([one[version] for one in seen], axis=0) for version in ("old", "new"))
    laws = {"old_latency": old / old.sum()}
    if new.sum() >= _FEWEST:  # else the new version is asked how much longer it takes
        laws["new_latency"] = new / new.sum()
    beyond_s = float(np.median([one["beyond_s"] for one in seen]))
    return world_of_versions(package, successor, fault, rows, beyond_s=beyond_s, **laws, **more)
