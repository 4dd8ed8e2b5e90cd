"""Live releases' world: both of their versions, asked in this process, with the latencies that the policy saw."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.releases import World
from simulators.releases.measured import world_of_versions
from strategies.packaging.package import ModelPackage
from strategies.releases.evidence import BUCKETS, digest
from strategies.releases.faults.contract import Fault
from strategies.releases.live.job import latencies
from strategies.releases.live.release import ReleaseResult
from strategies.releases.outcome.entries import latency_seen

_FEWEST = 5
_FEWEST_EACH = 50
"""Requests, of all releases together, that tell an interval's law from that of the whole release."""


def world_seen(
    releases: Sequence[ReleaseResult],
    fault: Fault,
    package: ModelPackage,
    successor: ModelPackage,
    rows: Any,
    **more: Any,
) -> World:
    """The world of one or several live releases of the same two versions; of several, interval by interval."""
    beyond_s = float(np.median([latencies(live)["beyond_s"] for live in releases]))
    old, new = (_pooled(releases, version) for version in ("old", "new"))
    for live in releases:
        new[-1] += _under_way(live, beyond_s)
    found = {"old_latency": old.sum(axis=0) / old.sum()}
    if new.sum() >= _FEWEST:  # else the new version is asked how much longer it takes
        found["new_latency"] = new.sum(axis=0) / new.sum()
        more["laws"] = _by_interval(old), _by_interval(new)
    return world_of_versions(package, successor, fault, rows, beyond_s=beyond_s, **found, **more)


def _pooled(releases: Sequence[ReleaseResult], version: str) -> NDArray[np.float64]:
    """Counts in each interval, the first of which ends with the second decision. (intervals, BUCKETS)"""
    seen = [latency_seen(live.log, version)[1:] for live in releases]
    counts = np.zeros((max(map(len, seen)), BUCKETS))
    for one in seen:
        counts[: len(one)] += one
    return counts


def _under_way(live: ReleaseResult, beyond_s: float) -> NDArray[np.int64]:
    """Answers of the new version that the verdict did not wait for: without them the slowest are missing. (BUCKETS,)"""
    trace, at_s = live.trace, live.began_s + (live.outcome.verdict_s or np.inf)
    by_new = np.array(["+" in version for version in trace.versions])[trace.version] & trace.ok
    missing = by_new & (trace.scheduled_s <= at_s) & (trace.end_s > at_s)
    return digest(np.maximum(trace.latency_s[missing] - beyond_s, 0.0))


def _by_interval(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each interval's law, where it has enough requests; else that of all."""
    enough = counts.sum(axis=1) >= _FEWEST_EACH
    laws = np.where(enough[:, None], counts, counts.sum(axis=0))
    found: NDArray[np.float64] = laws / laws.sum(axis=1, keepdims=True)
    return found
