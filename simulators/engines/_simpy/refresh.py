"""Answers computed beforehand by a regular job."""

from simulators.engines._simpy.sampling import sampler
from simulators.plan import Refresh


class Computed:
    """The runs of a refresh job, followed as time goes on (moments must not go back)."""

    def __init__(self, refresh: Refresh, seed: int, source: str) -> None:
        self._every_s, self._next_s = refresh.every_s, refresh.first_s
        self._duration = sampler(refresh.duration, seed, source, "refresh")
        self._complete_begun_s = min(0.0, refresh.first_s - refresh.every_s)
        self._running: tuple[float, float] | None = None  # (began, will be complete)
        self._runs = 0

    def begun_before(self, now_s: float) -> float:
        """When the last run that is complete by now began."""
        while True:
            if self._running is not None:
                if self._running[1] > now_s:
                    return self._complete_begun_s
                self._complete_begun_s = self._running[0]
                self._skip_until(self._running[1])
                self._running = None
            if self._next_s > now_s:
                return self._complete_begun_s
            self._running = self._next_s, self._next_s + self._duration(self._runs)
            self._runs += 1
            self._next_s += self._every_s

    def _skip_until(self, time_s: float) -> None:
        while self._next_s < time_s:
            self._next_s += self._every_s
