"""MLPerf LoadGen's scenario names, mapped to workloads.

| LoadGen (V. J. Reddi et al. 2020, MLPerf Inference Benchmark) | here |
| --- | --- |
| SingleStream: the next query when the last is answered | closed loop, 1 user, no think time |
| MultiStream: queries of N samples, the next when the last is answered | closed loop, N users, no think time |
| Server: queries at random, Poisson | Poisson at the target rate |
| Offline: all samples at once | all at once |

MultiStream differs: LoadGen's next query waits for the slowest of its N samples, our N users each for their own answer,
so that the deployment is kept busier. LoadGen judges each by one figure, `judged_by`; `Summary` has them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.discovery import kind
from data.errors import UnknownKind
from data.workloads.contract import Workload


@dataclass(frozen=True, slots=True)
class Preset:
    """A workload by the name that MLPerf gives it."""

    title: str
    summary: str
    workload: str
    """Name of a file in data/workloads/."""
    fields: Mapping[str, Any]
    judged_by: str

    def build(self, **fields: Any) -> Workload:
        """The workload; `fields` replace the preset's, such as `duration_s` or `rate_rps`."""
        return kind("data.workloads", Workload, self.workload)(**{**self.fields, **fields})  # type: ignore[type-abstract]


PRESETS: Mapping[str, Preset] = {
    "SingleStream": Preset(
        "Single stream", "One user who asks again as soon as the answer is there.", "closed_loop",
        {"users": 1, "think_s": 0.0}, "90th percentile of latency",
    ),
    "MultiStream": Preset(
        "Multiple streams", "Eight users who ask again as soon as their answer is there.", "closed_loop",
        {"users": 8, "think_s": 0.0}, "99th percentile of latency",
    ),
    "Server": Preset(
        "Server", "Independent users: requests at random moments, whether or not the system keeps up.", "poisson",
        {"rate_rps": 100.0}, "99th percentile of latency within a bound",
    ),
    "Offline": Preset(
        "Offline", "All requests at once: how long does the whole pile take?", "at_once",
        {"requests": 1_000}, "throughput",
    ),
}  # fmt: skip


def preset(name: str) -> Preset:
    """The preset of that name; an unknown one raises `UnknownKind`, which lists them."""
    if name not in PRESETS:
        raise UnknownKind("preset", name, PRESETS)
    return PRESETS[name]
