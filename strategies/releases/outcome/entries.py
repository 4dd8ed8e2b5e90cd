"""Decisions as plain values: what a router logs, a simulated release remembers, and a chart draws."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strategies.releases.contract import Split
from strategies.releases.evidence import BUCKETS, Tally, quantile_s


def entry_of(now_s: float, split: Split, **more: Any) -> dict[str, Any]:
    """One decision with its moment, shares, reason and evidence; `more` is what else its maker counted by then."""
    return {
        "now_s": now_s, "primary": split.primary, "canary": split.canary, "mirrored": split.mirrored,
        "verdict": str(split.verdict), "reason": split.reason,
        "evidence": [{name: as_json(value) for name, value in asdict(f).items()} for f in split.evidence], **more,
    }  # fmt: skip


def figures_of(tally: Tally) -> dict[str, Any]:
    """What one version did between two decisions; of the latencies' buckets those that hold any."""
    held = np.flatnonzero(tally.latency)
    return {
        "requests": tally.requests, "errors": tally.errors, "labelled": tally.labelled, "wrong": tally.wrong,
        "p50_s": as_json(quantile_s(tally.latency, 0.5)), "p95_s": as_json(quantile_s(tally.latency, 0.95)),
        "latency": {str(bucket): int(tally.latency[bucket]) for bucket in held},
    }  # fmt: skip


def latency_seen(log: Sequence[Mapping[str, Any]], version: str) -> NDArray[np.int64]:
    """Latencies of "old" or "new" that came before each decision. (decisions, BUCKETS)"""
    counts = np.zeros((len(log), BUCKETS), np.int64)
    for place, entry in enumerate(log):
        for bucket, count in entry.get(version, {}).get("latency", {}).items():
            counts[place, int(bucket)] = count
    return counts


def as_json(value: Any) -> Any:
    """A value that JSON can carry: no NaN, no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
