"""What one occurrence of a fault did, read off the requests of a run: nothing here knows what the fault was."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.scenario import Slo
from data.trace import Status, Trace

_STRETCH = 100
"""Requests in a stretch of time that is judged as one."""
_CALM = 200
"""Requests in a row, about, that must be well before a fault counts as over."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One occurrence; counts are those that the fault added."""

    failed: float = 0.0
    """Requests refused, failed or given up."""
    late: float = 0.0
    """Requests answered after the SLO's latency."""
    wrong: float = 0.0
    """Predictions that a sound model would have answered otherwise."""
    lost: float = 0.0
    """Requests that were taken up and lost with the process that held them."""
    missed_s: float = 0.0
    """Time in which the SLO was not met."""
    recovery_s: float = 0.0
    """From the strike until requests were well again."""
    affected_share: float = 0.0
    """Share of the requests in the disturbed time that failed, were late or were wrong."""


def late(trace: Trace, slo: Slo) -> NDArray[np.bool_]:
    """Requests that were answered, and after the SLO's latency. (n,)"""
    found: NDArray[np.bool_] = trace.ok & (trace.latency_s > slo.latency_ms / 1e3)
    return found


def missed_s(trace: Trace, slo: Slo, seconds: float, from_s: float = 0.0) -> float:
    """Time of [from_s, seconds) in which the SLO was not met.

    It is judged in stretches of about 100 requests, a second at least and a minute at most: a stretch is missed when
    more of its requests were late than the percentile leaves, or more failed than the SLO allows.
    """
    rate_rps = len(trace) / seconds
    width_s = min(max(_STRETCH / rate_rps, 1.0), 60.0) if rate_rps else 60.0
    bins = max(1, math.ceil((seconds - from_s) / width_s))
    place = ((trace.scheduled_s - from_s) / width_s).astype(np.int64)
    inside = (trace.scheduled_s >= from_s) & (place < bins)
    total = np.bincount(place[inside], minlength=bins)
    tardy = np.bincount(place[inside & late(trace, slo)], minlength=bins)
    bad = np.bincount(place[inside & ~trace.ok], minlength=bins)
    missed = (tardy > (1 - slo.percentile / 100) * total) | (bad > slo.max_error_share * total)
    widths = np.minimum(width_s, (seconds - from_s) - width_s * np.arange(bins))
    return float(widths[missed].sum())


def recovery_s(trace: Trace, slo: Slo, at_s: float, allowed: float | None = None) -> tuple[float, bool]:
    """From `at_s` until requests were well again, and whether that was seen.

    They are well again with the first request of a calm: ten seconds' requests (20 to 200 of them), of which no larger
    share fails or is late than `allowed`, which without a value is what the SLO leaves.
    """
    after = trace.scheduled_s >= at_s
    moments = trace.scheduled_s[after]
    hit = (~trace.ok | late(trace, slo))[after].astype(np.int64)
    if not hit.any():
        return 0.0, True
    share = max(1 - slo.percentile / 100, slo.max_error_share) if allowed is None else allowed
    span_s = max(float(moments[-1] - moments[0]), 1e-9)
    calm = min(max(round(10 * len(moments) / span_s), 20), _CALM, len(moments))
    sums = np.convolve(hit, np.ones(calm, np.int64), "valid")  # (n - calm + 1,)
    well = (sums <= share * calm + 1e-9) & (hit[: len(sums)] == 0)
    if sums[0] <= share * calm + 1e-9:
        return 0.0, True
    found = np.flatnonzero(well)
    if len(found):
        return float(moments[found[0]] - at_s), True
    return float(moments[-1] - at_s), False


def affected_share(trace: Trace, slo: Slo, from_s: float, until_s: float) -> float:
    """Share of the requests scheduled in [from_s, until_s) that failed or were late; 0 where there were none."""
    inside = (trace.scheduled_s >= from_s) & (trace.scheduled_s < until_s)
    total = int(inside.sum())
    return float((inside & (~trace.ok | late(trace, slo))).sum()) / total if total else 0.0


def bad_counts(trace: Trace, slo: Slo, from_s: float, until_s: float = math.inf) -> tuple[float, float]:
    """Requests scheduled in [from_s, until_s) that failed, and that were late."""
    inside = (trace.scheduled_s >= from_s) & (trace.scheduled_s < until_s)
    return float((inside & (trace.status != Status.OK)).sum()), float((inside & late(trace, slo)).sum())
