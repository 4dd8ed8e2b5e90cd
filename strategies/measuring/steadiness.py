"""Whether a run was in a steady state: its three thirds agree.

The rule of load-testing tools such as Triton's perf_analyzer ("stable" within 10% over three windows), on the windows
that the figures are computed from. Throughput is compared with what was asked for, so that a workload whose rate
changes by design can still be steady.
"""

import numpy as np

from data.trace import Status, Trace

WINDOWS = 3
TOLERANCE = 0.10
FEWEST = 30
"""Answers that a window's median takes to be compared."""


def steadiness_note(trace: Trace, duration_s: float) -> str:
    """What to say of a run that was not steady, or too short to tell; empty when it was.

    `duration_s` is how long the workload lasted after the warm-up.
    """
    seen, from_s = trace.counted(), trace.provenance.warm_up_s
    window = np.minimum((seen.scheduled_s - from_s) / duration_s * WINDOWS, WINDOWS - 1).astype(np.int64)
    answered = [seen.where((window == i) & (seen.status == Status.OK)) for i in range(WINDOWS)]
    fewest = min(len(part) for part in answered)
    if fewest < FEWEST:
        return f"Too few answers to tell a steady state (n={fewest} in a third of the run, needs {FEWEST})."
    medians_ms = [float(np.median(part.latency_s)) * 1e3 for part in answered]
    ends = np.linspace(0.0, duration_s, WINDOWS + 1) + from_s
    done = np.histogram(seen.end_s[seen.ok], ends)[0]
    asked = np.histogram(seen.scheduled_s, ends)[0]
    shares = (done / asked).tolist()
    parts = []
    if not _agree(medians_ms):
        parts.append(f"median latency {_listed(medians_ms, ' ms')}")
    if not _agree(shares):
        parts.append(f"answers per request {_listed(shares, '')}")
    if not parts:
        return ""
    return f"Not in a steady state: over the run's thirds, {' and '.join(parts)} (more than 10% apart)."


def _agree(values: list[float]) -> bool:
    middle = float(np.mean(values))
    return all(abs(value - middle) <= TOLERANCE * middle for value in values)


def _listed(values: list[float], unit: str) -> str:
    return f"{', '.join(f'{value:.3g}' for value in values)}{unit}"
