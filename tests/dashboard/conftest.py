"""Small, real traces and the pages under test."""

from collections.abc import Callable

import numpy as np
import pytest

from data.provenance import Provenance
from data.trace import Status, Trace
from data.usage import Usage


def _trace(
    latency_s: np.ndarray, *, name: str = "api", warm_up_s: float = 0.0, failed: np.ndarray | None = None
) -> Trace:
    """A trace of requests due every millisecond that took these latencies."""
    n = len(latency_s)
    due = np.arange(n) / 1_000
    status = np.where(failed if failed is not None else np.zeros(n, bool), Status.TIMEOUT, Status.OK)
    return Trace.build(
        {"scheduled_s": due, "end_s": due + latency_s, "status": status},
        versions=("v1",),
        usage=Usage(cpu_s=1.0, peak_bytes=10_000_000),
        provenance=Provenance("measured", name, "", 1, warm_up_s),
    )


@pytest.fixture
def make_trace() -> Callable[..., Trace]:
    """Makes a trace of requests due every millisecond from their latencies in seconds."""
    return _trace


@pytest.fixture
def traces() -> dict[str, list[Trace]]:
    """Two candidates, 3,000 requests each; one in a hundred of the second's failed."""
    rng = np.random.default_rng(7)
    fast, slow = rng.lognormal(np.log(0.0004), 0.3, 3_000), rng.lognormal(np.log(0.004), 0.4, 3_000)
    return {
        "embedded": [_trace(fast, name="embedded")],
        "api": [_trace(slow, failed=np.arange(3_000) % 100 == 0)],
    }
