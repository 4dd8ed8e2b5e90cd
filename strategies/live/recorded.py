"""A host that remembers what runs on it, so that somebody can look at a deployment without knowing its strategy."""

from collections.abc import Iterator
from contextlib import contextmanager

from strategies.hosts.contract import Host, Running, Service


class Recorded(Host):
    """Another host, whose running services are known."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.running: list[Running] = []
        """What runs now, in the order in which it was started."""

    def missing(self) -> str:
        return self._host.missing()

    @contextmanager
    def run(self, service: Service) -> Iterator[Running]:
        with self._host.run(service) as running:
            self.running.append(running)
            try:
                yield running
            finally:
                self.running.remove(running)
