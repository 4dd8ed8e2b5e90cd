"""What runs first in a container: it starts the service's processes, watches them, and says how they ended.

The processes are started just as the process host starts them, behind one listening socket. This one notes for the
outside, in a folder that both see, that they serve, how much memory they had at most, and how they ended. When the
container's standard input closes, because whoever started it is gone, all of it ends (strategies/hosts/lifeline).
"""

import json
import os
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from strategies.containers.cgroup import Cgroup
from strategies.hosts._log import Log
from strategies.hosts.contract import Service, StartFailed
from strategies.hosts.lifeline.place import Place
from strategies.hosts.process import ProcessHost

PORT = 8080
SERVICE_VARIABLE = "DRYDOCK_SERVICE"
ENDED, PEAK = "ended.json", "peak"
_LOOK_EVERY_S = 0.1
_OUT_OF_MEMORY_STATUS = 137


class _PassedOn(Log):
    """Not kept here: the engine has what processes print."""

    def __init__(self) -> None:
        return

    @property
    def fd(self) -> int:
        return sys.stdout.fileno()

    def trim(self) -> None:
        return

    def text(self) -> str:
        return ""

    def close(self) -> None:
        return


class Inside:
    """One service in this container."""

    def __init__(self, service: Service, out: Path) -> None:
        self._service, self._out, self._cgroup = service, out, Cgroup()
        self._stop = threading.Event()
        self._peak_bytes = 0

    def run(self) -> int:
        """Serve until told to stop, or until a process dies; the container's exit status."""
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGINT, self._told)
        os.environ["DRYDOCK_ADMIN_FROM"] = gateway()
        outer = Place.here()
        try:
            with ProcessHost("0.0.0.0" if self._service.listens else "127.0.0.1", PORT, _PassedOn).run(
                self._service
            ) as running:
                outer.announce()
                while not self._stop.wait(_LOOK_EVERY_S):
                    self._note_peak()
                    if died := running.health():
                        return self._ended(died.partition(". Its last lines")[0])
        except StartFailed as error:
            return self._ended(error.how)
        self._ended("was stopped")
        return 0

    def _told(self, _: int, __: FrameType | None) -> None:
        self._stop.set()

    def _note_peak(self) -> None:
        peak_bytes = self._cgroup.peak_bytes()
        if peak_bytes != self._peak_bytes:
            self._peak_bytes = peak_bytes
            self._write(PEAK, str(peak_bytes))

    def _ended(self, how: str) -> int:
        out_of_memory = self._cgroup.out_of_memory()
        if out_of_memory:
            how = f"ran out of memory: the kernel killed a process as it went beyond {self._cgroup.limit()} ({how})"
        document: dict[str, Any] = {
            "how": how, "out_of_memory": out_of_memory, "cpu_s": self._cgroup.cpu_s(),
            "peak_bytes": self._cgroup.peak_bytes(),
        }  # fmt: skip
        self._write(ENDED, json.dumps(document))
        return _OUT_OF_MEMORY_STATUS if out_of_memory else 1

    def _write(self, name: str, text: str) -> None:
        with suppress(OSError):  # the other side may have cleared the folder away
            draft = self._out / f".{name}"
            draft.write_text(text)
            draft.replace(self._out / name)  # whoever reads finds the old or the new one


def gateway(routes: Path = Path("/proc/net/route")) -> str:
    """Address of the default gateway, from where the engine passes on what comes to the published port."""
    for line in routes.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000":
            return socket.inet_ntoa(struct.pack("=L", int(fields[2], 16)))
    return ""


def main() -> int:
    document = json.loads(os.environ.pop(SERVICE_VARIABLE))
    out = Place.here().folder
    assert out is not None
    return Inside(Service(**document), out).run()


if __name__ == "__main__":
    sys.exit(main())
