"""The traditional host: plain processes on this machine, as many as there are replicas, behind one port."""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from data.errors import InvalidValue
from data.usage import Usage
from strategies.hosts._child import Child, how_it_ended
from strategies.hosts._log import Log
from strategies.hosts._readiness import wait_until_ready
from strategies.hosts.contract import Host, Running, Service
from strategies.hosts.lifeline import command
from strategies.hosts.lifeline.place import Place, bound

LOOPBACK = "127.0.0.1"
GRACE_S = 10.0
"""How long a service may take to drain after SIGTERM before it is killed."""
_SAMPLE_EVERY_S = 0.5
_ROOT = Path(__file__).parents[2]


class ProcessHost(Host):
    title = "Processes"
    summary = "Plain processes on this machine, started and stopped by Drydock: the traditional way to run a service."

    def __init__(self, address: str = LOOPBACK, port: int = 0, log: type[Log] = Log) -> None:
        """Where services listen (any free port unless one is named), and what becomes of what they print."""
        self._address, self._log = (address, port), log

    def missing(self) -> str:
        if sys.platform == "win32":
            return "Services need POSIX signals and sockets. Run Drydock inside WSL, Linux or macOS."
        return ""

    @contextmanager
    def run(self, service: Service) -> Iterator[Running]:
        _refuse_limits(service)
        with ExitStack() as undo:
            folder = Path(tempfile.mkdtemp(prefix="drydock-"))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            log = undo.enter_context(closing(self._log()))
            running = _Processes(service, folder, log, self._address)
            undo.callback(running.stop)
            running.start()
            wait_until_ready(service, running.children, running.port, Place(of=service.replicas, folder=folder), log)
            yield running


class _Processes(Running):
    def __init__(self, service: Service, folder: Path, log: Log, address: tuple[str, int]) -> None:
        self.service, self.folder, self._log, self._address = service, folder, log, address
        self.children: list[Child] = []
        self._port = 0
        self._stopped = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name=f"{service.name} sampler", daemon=True)

    def start(self) -> None:
        # The replicas share one listening socket that they inherit. With SO_REUSEPORT the kernel would give each its
        # own queue and pick by a hash of the client's address: 16 kept-alive connections on 4 replicas came out as
        # 6, 5, 4, 1 or 8, 3, 3, 2, a dying replica's queue would be lost, and on macOS one replica gets everything. The
        # plain shared socket is worse still (16, 0, 0, 0): whoever wakes first takes all there is. So the server
        # takes a connection from the shared socket at once only while no other replica has fewer
        # (strategies/serving/accepting.py), which gives 4, 4, 4, 4 and needs nothing of the kernel.
        shared = bound(*self._address) if self.service.listens else None
        try:
            if shared is not None:
                self._port = shared.getsockname()[1]
            for number in range(self.service.replicas):
                place = Place(number, self.service.replicas, self.folder, shared.fileno() if shared else None)
                self.children.append(self._spawn(place))
        finally:
            if shared is not None:
                shared.close()  # once only the replicas hold it, the port is free as soon as they are gone
        self._sampler.start()

    def _spawn(self, place: Place) -> Child:
        service = self.service
        paths = {name: str(path.resolve()) for name, path in service.files.items()}
        arguments = [filled(argument, paths) for argument in service.arguments]
        if service.listens:
            arguments += ["--port", str(self._port)]
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        environment |= {"PYTHONUNBUFFERED": "1", **place.environment()}
        environment |= {name: filled(value, paths) for name, value in service.environment.items()}
        fds = () if place.listen_fd is None else (place.listen_fd,)
        return Child(place.number, command(service.module, arguments), environment, fds, self._log.fd)

    @property
    def port(self) -> int:
        return self._port

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(child.pid for child in self.children if child.alive())

    def usage(self) -> Usage:
        for child in self.children:
            child.sample()
        return Usage(
            cpu_s=sum(child.cpu_s() for child in self.children),
            peak_bytes=sum(child.peak_bytes() for child in self.children),
            instance_s=sum(child.instance_s() for child in self.children),
        )

    def health(self) -> str:
        dead = [child for child in self.children if not child.alive()]
        if not dead:
            return ""
        each = "; ".join(
            f"replica {child.number} (process {child.pid}) {how_it_ended(child.exit_code or 0)}" for child in dead
        )
        return f"{self.service.name}: {each}. Its last lines:\n{self._log.last_lines() or '(it printed nothing)'}"

    def log(self) -> str:
        return self._log.text()

    def stop(self) -> None:
        self._stopped.set()
        for child in self.children:
            child.terminate()
        deadline_s = time.perf_counter() + GRACE_S
        for child in self.children:
            child.end(deadline_s)
        if self._sampler.ident is not None:
            self._sampler.join()

    def _sample(self) -> None:
        while not self._stopped.wait(_SAMPLE_EVERY_S):
            self._log.trim()
            if sys.platform != "linux":  # where the kernel does not keep the peak for us
                for child in self.children:
                    child.sample()


def _refuse_limits(service: Service) -> None:
    for name, value in (("cpus", service.cpus), ("memory_bytes", service.memory_bytes)):
        if value is not None:
            raise InvalidValue(name, value, "cannot be enforced on plain processes", "choose the host container")


def filled(argument: str, paths: dict[str, str]) -> str:
    """An argument with ``{files:NAME}`` replaced by the path of that name."""
    for name, path in paths.items():
        argument = argument.replace(f"{{files:{name}}}", path)
    return argument
