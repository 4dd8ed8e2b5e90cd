"""The contract of a host: where a strategy's server side runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from data.errors import DrydockError
from data.usage import Usage


class StartFailed(DrydockError):
    """A service did not become ready; the message says how it failed and gives the last lines of its log."""

    def __init__(self, service: str, how: str, last_lines: str) -> None:
        self.service, self.how, self.last_lines = service, how, last_lines
        super().__init__(f"{service} {how} while it started. Its last lines:\n{last_lines or '(it printed nothing)'}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.service, self.how, self.last_lines)


@dataclass(frozen=True, slots=True)
class Service:
    """What to run: a Python module of ours with its arguments, and what it may see."""

    name: str
    module: str
    """Dotted name, run as ``python -m module``; it must listen on the port given by ``--port``, where `listens`."""
    arguments: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    """Name to file or folder; ``{files:NAME}`` in an argument or the environment becomes the path that it sees."""
    environment: Mapping[str, str] = field(default_factory=dict)
    listens: bool = True
    """Whether it answers HTTP. A service that does not, and each of several replicas, says that it serves with
    `Place.here().announce()` (strategies/hosts/lifeline/place.py)."""
    ready_path: str = "/readyz"
    """HTTP path that answers 200 once it can serve; for a service that listens."""
    replicas: int = 1
    """Processes (or containers) that serve side by side."""
    cpus: float | None = None
    memory_bytes: int | None = None
    start_timeout_s: float = 60.0
    writable: tuple[str, ...] = ()
    """Names of `files` that are folders it writes to; a host that keeps services apart lets it change no others."""
    settings: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    """What only this host knows; see `Host.settings`."""


class Running(ABC):
    """A service that was started and is ready."""

    @property
    @abstractmethod
    def port(self) -> int:
        """Port on the loopback interface where it answers; 0 for a service that does not listen."""

    @property
    @abstractmethod
    def pids(self) -> tuple[int, ...]:
        """Process identifiers on this machine of everything that serves."""

    @abstractmethod
    def usage(self) -> Usage:
        """Processor time, peak memory and instance seconds so far."""

    @abstractmethod
    def health(self) -> str:
        """Empty while alive; otherwise what died, its exit status and the last lines of its log."""

    @abstractmethod
    def log(self) -> str:
        """The last lines it printed."""

    def admit(self, path: Path) -> str:
        """The path under which the service sees a file or folder of this machine, from now on."""
        return str(path.resolve())


class Host(ABC):
    """One file in strategies/hosts/ is one host; the file's name is its name."""

    title: ClassVar[str]
    summary: ClassVar[str]
    settings: ClassVar[Mapping[str, bool | int | float | str]] = {}
    """Settings that only this host knows, with their defaults; a strategy hands them on in `Service.settings`."""
    scales_to_zero: ClassVar[bool] = False
    """Whether nothing serves until a request comes; each then has an instance to itself, and too many are refused."""

    @abstractmethod
    def missing(self) -> str:
        """Empty when it can run on this machine; otherwise what is missing and how to get it."""

    @abstractmethod
    def run(self, service: Service) -> AbstractContextManager[Running]:
        """Start the service and wait until it is ready; the context's end stops it and everything it started.

        If the calling process dies, even by SIGKILL, the service ends too. A service that fails to become ready raises
        `StartFailed` with the last lines of its log.
        """
