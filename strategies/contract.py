"""The contract of a deployment strategy: a model goes in, something that answers requests comes out.

One file in strategies/ is one strategy. The measuring process holds the `Deployment`; whatever serves it (servers,
brokers, consumers) runs in processes that the strategy starts through a `Host` and ends with the context manager.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data.trace import Status
from data.usage import Usage
from strategies.hosts.contract import Host
from strategies.packaging.package import ModelPackage


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a deployment may be."""

    workers: int = 1
    cpus: float | None = None
    """Processor cores a container may use; None leaves it to the machine."""
    memory_bytes: int | None = None
    timeout_s: float = 5.0
    """After this long without an answer a request is over, with status timeout."""
    max_rows: int = 1_000
    """Rows that one request may carry."""
    max_body_bytes: int = 1_000_000
    settings: dict[str, bool | int | float | str] = field(default_factory=dict)
    """What only this strategy or host knows; an unknown name is refused."""

    def split(self, host: Host) -> "tuple[Limits, dict[str, bool | int | float | str]]":
        """These limits without the settings that are the host's, and those."""
        theirs = {name: value for name, value in self.settings.items() if name in host.settings}
        return replace(self, settings={k: v for k, v in self.settings.items() if k not in theirs}), theirs


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the model."""

    id: int
    """Its place in the schedule, from 0; an answer carries it back."""
    row: int
    """Index into the rows that `Deployment.prepare` was given."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request."""

    id: int
    status: Status
    outputs: NDArray[np.float64] | None = None
    """Class probabilities (classes,), or the value (1,); None unless ok."""
    version: str = ""
    """Version of the model that answered."""
    replica: int = -1
    start_s: float = np.nan
    """When a worker took it up, on this machine's `time.perf_counter` clock, where the strategy knows."""
    cold: bool = False
    attempts: int = 1
    reason: str = ""
    """Why it failed; empty when ok."""
    mirrored: bool = False


Done = Callable[[Answer], None]


class Deployment(ABC):
    """A running deployment, seen from the application that uses it. Used from one thread, the load generator's.

    The generator calls `prepare` once, then `issue` at the scheduled moments and `poll` in between, `flush` after the
    last request, and `poll` until every answer has come or timed out.
    """

    wake_error_s: ClassVar[float] = 0.002
    """How long after its `wait_s` `poll` may return; the generator stops waiting that much before the next moment."""

    @abstractmethod
    def prepare(self, rows: NDArray[np.float32]) -> None:
        """Take the rows that requests will refer to, (rows, features), and serialise whatever can be beforehand."""

    @abstractmethod
    def issue(self, requests: Sequence[Request], done: Done) -> None:
        """Take requests up: call `done` for each now, or later from within `poll`. Never blocks on the network."""

    @abstractmethod
    def poll(self, wait_s: float) -> None:
        """Let answers arrive. Returns at the first sign of life or after `wait_s` at most; 0 only looks."""

    def flush(self) -> None:
        """No more requests are coming: a batch may start, a stream may send its last chunk."""
        return

    @abstractmethod
    def update(self, model: ModelPackage) -> None:
        """Ship a new version without dropping a request; returns when new requests are answered by it."""

    @abstractmethod
    def usage(self) -> Usage:
        """What the deployment consumed so far."""

    def health(self) -> str:
        """Empty while everything that serves is alive; otherwise what died and how, for the run's status."""
        return ""


class Strategy(ABC):
    """How a model reaches its users. Discovered: the file's name is the strategy's."""

    title: ClassVar[str]
    summary: ClassVar[str]
    """One or two sentences for a card: where the request, the model and the update travel."""
    hosts: ClassVar[tuple[str, ...]]
    """Names of the hosts it makes sense on."""
    not_on: ClassVar[Mapping[str, str]] = {}
    """Why it makes no sense on others, by their names."""
    update_needs_deployment: ClassVar[bool]
    warms_up: ClassVar[bool] = True
    """Whether requests sent beforehand make later ones faster; a job that starts anew each time does not."""

    @classmethod
    def why_not(cls, host: str) -> str:
        """Empty for a host that it runs on; otherwise why it does not, for people to read."""
        if host in cls.hosts:
            return ""
        return cls.not_on.get(host, f"{cls.title} does not run on the host {host}: choose {' or '.join(cls.hosts)}.")

    @abstractmethod
    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> AbstractContextManager[Deployment]:
        """Start it; the context's end stops it and leaves no process, port or file behind.

        Raises `Unavailable` where the host cannot run here, and `InvalidValue` for a setting it does not know.
        """
