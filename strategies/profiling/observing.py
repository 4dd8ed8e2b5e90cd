"""A host that also remembers what it runs: how long it took to start, and what can be asked of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from data.profile import ColdStart
from strategies.hosts.contract import Host, Running, Service


class Observed(Host):
    """Any host, watched. Used for one service at a time."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.settings = host.settings  # type: ignore[misc]  # an instance's own, as the host it stands for decides
        self.scales_to_zero = host.scales_to_zero  # type: ignore[misc]
        self.running: Running | None = None
        self.starts_s: list[float] = []
        """Seconds from the wish to start until it served, each time."""

    def missing(self) -> str:
        return self.host.missing()

    @contextmanager
    def run(self, service: Service) -> Iterator[Running]:
        begun_s = time.perf_counter()
        with self.host.run(service) as running:
            self.starts_s.append(time.perf_counter() - begun_s)
            self.running = running
            try:
                yield running
            finally:
                self.running = None

    def cold_starts(self) -> tuple[ColdStart, ...]:
        """By phase where the host tells them; otherwise the whole start of each service so far."""
        from strategies.hosts.function import FunctionRunning

        if isinstance(self.running, FunctionRunning):
            return tuple(_by_phase(dict(start)) for start in self.running.state().cold_starts)
        return tuple(ColdStart((("until ready", seconds),)) for seconds in self.starts_s)


def _by_phase(start: dict[str, float]) -> ColdStart:
    whole_s = start.pop("init", sum(start.values()))
    rest_s = whole_s - sum(start.values())
    # Between two processes' clocks a rounding error may remain; what is longer is the hand-over of the first request.
    return ColdStart((*start.items(), ("hand over", max(rest_s, 0.0))))
