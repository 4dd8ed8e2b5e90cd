"""What a server counts. A request must not pay for its own bookkeeping, so it only adds to plain numbers."""

import time
from bisect import bisect_left
from typing import Any

BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency histogram's buckets; the last bucket has none."""


class Counts:
    """One replica's numbers."""

    def __init__(self, replica: int) -> None:
        self.replica = replica
        self.requests: dict[tuple[str, int], int] = {}
        """By protocol and HTTP status."""
        self.buckets: dict[str, list[int]] = {}
        self.total_s: dict[str, float] = {}
        self.rows = 0

    def answered(self, protocol: str, status: int, seconds: float, rows: int) -> None:
        key = protocol, status
        self.requests[key] = self.requests.get(key, 0) + 1
        if status == 200:
            buckets = self.buckets.get(protocol)
            if buckets is None:
                buckets = self.buckets[protocol] = [0] * (len(BOUNDS_S) + 1)
            buckets[bisect_left(BOUNDS_S, seconds)] += 1
            self.total_s[protocol] = self.total_s.get(protocol, 0.0) + seconds
            self.rows += rows

    def snapshot(self, in_flight: int, model: str, version: str) -> dict[str, Any]:
        """All of it as plain values, for another replica to report."""
        return {
            "replica": self.replica,
            "requests": [[protocol, status, n] for (protocol, status), n in self.requests.items()],
            "buckets": self.buckets,
            "total_s": self.total_s,
            "rows": self.rows,
            "in_flight": in_flight,
            "cpu_s": time.process_time(),
            "model": model,
            "version": version,
        }
