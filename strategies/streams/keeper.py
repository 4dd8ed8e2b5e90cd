"""Keeps a group of consumers running: each in a process of its own, replaced by a new one when it dies."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from data.usage import Usage
from strategies.hosts.contract import Host, Running, Service, StartFailed

LOOK_EVERY_S = 0.05
QUICK_DEATH_S, MAX_QUICK_DEATHS = 10.0, 8
MAX_PAUSE_S = 2.0


@dataclass(slots=True)
class _Place:
    """One replica's place in the group, and who fills it now."""

    running: Running | None = None
    started: threading.Event = field(default_factory=threading.Event)
    """Set when the first process is ready, or has failed."""
    failure: BaseException | None = None
    """Why it is no longer filled."""
    deaths: int = 0
    spent: list[Usage] = field(default_factory=list)
    """What the dead consumed."""


class Keeper:
    """Runs `replicas` services on a host, the one that `service` makes for each number."""

    def __init__(self, host: Host, service: Callable[[int], Service], replicas: int) -> None:
        self._host, self._service = host, service
        self._closing = threading.Event()
        self._places = [_Place() for _ in range(replicas)]
        self._threads = [
            threading.Thread(target=self._keep, args=(number,), name=f"keeper {number}", daemon=True)
            for number in range(replicas)
        ]
        self.last_death = ""
        """How the last one to die ended, with the last lines of its log."""

    def start(self) -> None:
        """Start all at once and wait until each is ready; the first failure is raised once all are down again."""
        for thread in self._threads:
            thread.start()
        for place in self._places:
            place.started.wait()
        failures = [place.failure for place in self._places if place.failure is not None]
        if failures:
            self.close()
            raise failures[0]

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()

    @property
    def restarts(self) -> int:
        """How many died and were replaced."""
        return sum(place.deaths for place in self._places)

    @property
    def deaths(self) -> tuple[int, ...]:
        """How many died, by replica."""
        return tuple(place.deaths for place in self._places)

    @property
    def pids(self) -> tuple[tuple[int, ...], ...]:
        """Processes of each replica; empty while one is being replaced."""
        return tuple(place.running.pids if place.running else () for place in self._places)

    def health(self) -> str:
        """Empty unless a replica died so often that it is not replaced any more."""
        return next((str(place.failure) for place in self._places if place.failure is not None), "")

    def usage(self) -> Usage:
        """What all consumed so far, the dead included."""
        each = [usage for place in self._places for usage in (*place.spent, *_now(place.running))]
        return Usage(
            cpu_s=sum(usage.cpu_s or 0.0 for usage in each),
            peak_bytes=sum((place.running.usage().peak_bytes or 0) if place.running else 0 for place in self._places),
            instance_s=sum(usage.instance_s or 0.0 for usage in each),
        )

    def _keep(self, number: int) -> None:
        place, quick = self._places[number], 0
        try:
            while not self._closing.is_set():
                began_s = time.perf_counter()
                try:
                    died = self._run_one(place, number)
                except StartFailed as error:
                    if not place.started.is_set():
                        raise
                    died = str(error)
                if not died:
                    return
                self.last_death = died
                place.deaths += 1
                quick = quick + 1 if time.perf_counter() - began_s < QUICK_DEATH_S else 0
                if quick >= MAX_QUICK_DEATHS:
                    raise RuntimeError(f"consumer {number} died {quick} times in a row. {died}")
                self._closing.wait(min(0.05 * 2**quick, MAX_PAUSE_S) if quick > 1 else 0.0)
        except BaseException as error:
            place.failure = error
        finally:
            place.started.set()

    def _run_one(self, place: _Place, number: int) -> str:
        """Run one process until it dies, and say how; empty when the group is closed."""
        with self._host.run(self._service(number)) as running:
            place.running = running
            place.started.set()
            try:
                while not self._closing.wait(LOOK_EVERY_S):
                    if died := running.health():
                        return died
                return ""
            finally:
                place.running = None
                place.spent.append(running.usage())


def _now(running: Running | None) -> tuple[Usage, ...]:
    return (running.usage(),) if running is not None else ()
