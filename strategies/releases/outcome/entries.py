"""Decisions as plain values: what a router logs, a simulated release remembers, and a chart draws."""

import math
from dataclasses import asdict
from typing import Any

from strategies.releases.contract import Split


def entry_of(now_s: float, split: Split, **more: Any) -> dict[str, Any]:
    """One decision with its moment, shares, reason and evidence; `more` is what else its maker counted by then."""
    return {
        "now_s": now_s, "primary": split.primary, "canary": split.canary, "mirrored": split.mirrored,
        "verdict": str(split.verdict), "reason": split.reason,
        "evidence": [{name: as_json(value) for name, value in asdict(f).items()} for f in split.evidence], **more,
    }  # fmt: skip


def as_json(value: Any) -> Any:
    """A value that JSON can carry: no NaN, no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
