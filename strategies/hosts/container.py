"""The container host: a service in a Docker container of its own, locked in, limited, and gone with whoever started it.

Its image is built from our Dockerfile and holds what the service imports and the model (strategies/containers). All
replicas of a service live in one container, behind one port on the loopback interface, and share its limits. The
container has no root user, no capabilities, and no file to write to but its temporary ones.

A service that listens has a network of its own. One that does not, like a streaming consumer, calls out to servers on
this machine's loopback interface, such as the bundled broker; it shares the machine's network, which the engine
offers on Linux. On other systems a broker must be named that containers can reach.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from data.usage import Usage
from strategies.containers import engine
from strategies.containers.attached import Attached
from strategies.containers.confinement import IN, give, options
from strategies.containers.inside import ENDED, PEAK, PORT
from strategies.hosts._readiness import answers
from strategies.hosts.contract import Host, Running, Service, StartFailed
from strategies.hosts.lifeline.place import Place
from strategies.hosts.process import GRACE_S

if TYPE_CHECKING:
    from docker import DockerClient

_PREFIX = "drydock-container-"
_LOOK_EVERY_S = 0.02


class ContainerHost(Host):
    title = "Containers"
    summary = (
        "Each service runs in a Docker container of its own: an image with just what it needs, no root, a read-only "
        "file system, and limits on processors and memory that the kernel enforces."
    )

    def missing(self) -> str:
        return engine.missing()

    @contextmanager
    def run(self, service: Service) -> Iterator[Running]:
        with ExitStack() as undo:
            client = engine.connected()
            undo.callback(client.close)
            engine.sweep(client)
            folder = undo.enter_context(_shared_folder())
            running = ContainerRunning(client, service, folder)
            undo.callback(running.stop)
            running.start(engine.image_for(client, service))
            yield running


class ContainerRunning(Running):
    """One container."""

    def __init__(self, client: "DockerClient", service: Service, folder: Path) -> None:
        self._api, self._client, self._service, self._folder = client.api, client, service, folder
        self._id = ""
        self._port = 0
        self._pid = 0
        self._attached: Attached | None = None
        self._ready_s: float | None = None
        self._ended_s: float | None = None
        self._last = Usage(0.0, 0, 0, 0.0)
        self._admitted = 0

    def start(self, image: str) -> None:
        """Start it and wait until all replicas serve; `StartFailed` when they do not."""
        self._id = self._api.create_container(image, **options(self._api, self._service, self._folder, self.admit))[
            "Id"
        ]
        stream = self._api.attach_socket(self._id, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, "logs": 1})
        self._attached = Attached(stream)
        self._api.start(self._id)
        self._find()
        place, deadline_s = Place(folder=self._folder / "out"), time.perf_counter() + self._service.start_timeout_s
        while not self._ready(place):
            if self._attached.over.is_set():
                raise StartFailed(self._service.name, self._how(), self._attached.last_lines())
            if time.perf_counter() > deadline_s:
                how = f"was not ready after {self._service.start_timeout_s:g} s"
                raise StartFailed(self._service.name, how, self._attached.last_lines())
            time.sleep(_LOOK_EVERY_S)
        self._ready_s = time.perf_counter()

    @property
    def id(self) -> str:
        """The engine's name for it."""
        return self._id

    @property
    def port(self) -> int:
        return self._port

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes, as this machine counts them; none where the engine runs on another machine."""
        if self._over() or not self._pid or not psutil.pid_exists(self._pid):
            return ()
        with contextlib.suppress(psutil.NoSuchProcess):
            return (self._pid, *(child.pid for child in psutil.Process(self._pid).children(recursive=True)))
        return ()

    def usage(self) -> Usage:
        """What the kernel counts for the container as a whole; its peak memory includes the files it had cached."""
        cpu_s, peak_bytes = self._last.cpu_s or 0.0, self._last.peak_bytes or 0
        found = {} if self._over() else self._stats()
        if found:
            cpu_s = max(cpu_s, found["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9)
            memory = found.get("memory_stats", {})
            peak_bytes = max(peak_bytes, memory.get("max_usage", memory.get("usage", 0)), int(self._note(PEAK) or 0))
        elif ended := self._note(ENDED):
            document = json.loads(ended)
            cpu_s, peak_bytes = max(cpu_s, document["cpu_s"]), max(peak_bytes, document["peak_bytes"])
        until_s = time.perf_counter() if self._ended_s is None else self._ended_s
        instance_s = 0.0 if self._ready_s is None else (until_s - self._ready_s) * self._service.replicas
        self._last = Usage(cpu_s=cpu_s, peak_bytes=peak_bytes, instance_s=instance_s)
        return self._last

    def health(self) -> str:
        if not self._over():
            return ""
        assert self._attached is not None
        lines = self._attached.last_lines() or "(it printed nothing)"
        return f"{self._service.name}: the container {self._how()}. Its last lines:\n{lines}"

    def log(self) -> str:
        return "" if self._attached is None else self._attached.text()

    def admit(self, path: Path) -> str:
        """Copy a file or folder to where the container sees it, read-only."""
        self._admitted += 1
        name = f"admitted-{self._admitted}"
        target = self._folder / "in" / name
        shutil.copytree(path, target) if path.is_dir() else shutil.copyfile(path, target)
        give(target)
        return f"{IN}/{name}"

    def stop(self) -> None:
        """End it, gently first, and see it gone."""
        if not self._id:
            return
        import docker

        with contextlib.suppress(docker.errors.APIError):
            if not self._over():
                self.usage()
                self._api.stop(self._id, timeout=int(GRACE_S) + 2)
        with contextlib.suppress(docker.errors.APIError):  # the engine removes it by itself, and may be at it
            self._api.remove_container(self._id, force=True)
        if self._attached is not None:
            self._attached.close()
        deadline_s = time.perf_counter() + GRACE_S
        with contextlib.suppress(docker.errors.NotFound):
            while time.perf_counter() < deadline_s:
                self._api.inspect_container(self._id)
                time.sleep(_LOOK_EVERY_S)

    def _find(self) -> None:
        import docker

        with contextlib.suppress(docker.errors.NotFound):  # it may have ended already
            found = self._api.inspect_container(self._id)
            self._pid = found["State"]["Pid"]
            if self._service.listens:
                published = found["NetworkSettings"]["Ports"].get(f"{PORT}/tcp") or [{"HostPort": 0}]
                self._port = int(published[0]["HostPort"])

    def _ready(self, place: Place) -> bool:
        # The process inside says when all replicas serve; a question shows that the port leads to them.
        return place.announced() > 0 and (not self._service.listens or answers(self._port, self._service.ready_path))

    def _over(self) -> bool:
        over = self._attached is not None and self._attached.over.is_set()
        if over and self._ended_s is None:
            self._ended_s = time.perf_counter()
        return over

    def _how(self) -> str:
        ended = self._note(ENDED)
        return str(json.loads(ended)["how"]) if ended else "ended without a word, as if it had been killed"

    def _note(self, name: str) -> str:
        try:
            return (self._folder / "out" / name).read_text()
        except OSError:
            return ""

    def _stats(self) -> dict[str, Any]:
        """The engine's count; empty while or after it removes the container."""
        import docker

        try:
            found: dict[str, Any] = self._api.stats(self._id, stream=False, one_shot=True)
        except (docker.errors.APIError, ValueError):  # nothing at all is what it answers in between
            return {}
        return found if found.get("cpu_stats", {}).get("cpu_usage") else {}


@contextmanager
def _shared_folder() -> Iterator[Path]:
    """A private folder with what the container reads, ``in``, and what it writes, ``out``; gone afterwards."""
    _sweep_folders()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        for name in ("in", "out"):
            (folder / name).mkdir()
            give(folder / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep_folders() -> None:
    """Remove folders of callers that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
