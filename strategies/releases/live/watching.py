"""Watches a release while users ask: begins it with the first request, sends labels, does what a policy cannot."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strategies.releases.live.fleets import Release
from strategies.releases.live.served import Served

_LOOK_S = 0.05

Label = tuple[float, str, str | float]
"""When it becomes known (seconds since the first request), the request's number, the true answer."""


def verdict_age_s(log: Sequence[Mapping[str, Any]], began_s: float) -> float:
    """Seconds since the verdict of a release that began then, on the `time.perf_counter` clock; below 0 without one."""
    if not log or log[-1]["verdict"] == "hold":
        return -1.0
    return time.perf_counter() - began_s - float(log[-1]["now_s"])


class Watcher:
    """A thread beside the load generator; `begin` may be called from there and returns at once."""

    def __init__(
        self,
        release: Release,
        labels: list[Label],
        served: Served,
        on_decision: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._release, self._labels, self._served, self._on_decision = release, labels, served, on_decision
        self._begun, self._over = threading.Event(), threading.Event()
        self._replaced = release.new.running is not None
        self._sent = 0
        self.began_s = 0.0
        """When the router had been told to begin, on the `time.perf_counter` clock."""
        self.log: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="release watcher", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        self._begun.set()

    def ended(self, for_s: float) -> bool:
        """Whether the verdict has been there for so long."""
        return verdict_age_s(self.log, self.began_s) >= for_s

    def finish(self) -> None:
        """Look one last time, and stop. Raises what went wrong while watching."""
        self._over.set()
        self._begun.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        self._begun.wait()
        try:
            self._release.steering.ask("begin")
            self.began_s = time.perf_counter()
            while not self._over.wait(_LOOK_S):
                self._look(time.perf_counter() - self.began_s)
            self._look(time.perf_counter() - self.began_s)
        except Exception as error:  # the generator's thread raises it
            self.failure = error

    def _look(self, now_s: float) -> None:
        self._send_labels(now_s)
        self.state = self._release.steering.ask("status", {"since": len(self.log)})
        for entry in self.state["log"]:
            entry["served"] = self._served.counts()
            self.log.append(entry)
            if self._on_decision is not None:
                self._on_decision(entry)
            if not self._replaced and entry["primary"] == 0 and entry["canary"] == 0:
                self._replaced = True
                self._release.replace()

    def _send_labels(self, now_s: float) -> None:
        due = self._sent
        while due < len(self._labels) and self._labels[due][0] <= now_s:
            due += 1
        if due > self._sent:
            batch = [(number, truth) for _, number, truth in self._labels[self._sent : due]]
            self._release.steering.ask("labels", {"labels": batch})
            self._sent = due
