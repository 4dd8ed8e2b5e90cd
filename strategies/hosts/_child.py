"""One process of a service: started on a lifeline, watched, measured, ended."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from strategies.hosts.lifeline import kill_descendants

_MAX_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class Child:
    """A process in a session of its own, whose standard input is its lifeline."""

    def __init__(
        self, number: int, command: Sequence[str], environment: Mapping[str, str], fds: Sequence[int], log_fd: int
    ) -> None:
        self.number = number
        self.started_s = time.perf_counter()
        self.ended_s: float | None = None
        self.ready_s: float | None = None
        self.exit_code: int | None = None
        """None while it runs; the negative number of the signal that killed it."""
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log_fd, stderr=log_fd, env=dict(environment), pass_fds=tuple(fds),
            start_new_session=True,
        )  # fmt: skip
        self._cpu_s = 0.0
        self._peak_bytes = 0
        self._lock = threading.RLock()  # the sampler looks at it too, and only one may find it dead

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        """Whether it still runs; notes how it ended when it does not."""
        with self._lock:
            if self.exit_code is None:
                self._reap(os.WNOHANG)
            return self.exit_code is None

    def sample(self) -> None:
        """Note processor time and memory so far."""
        with self._lock, contextlib.suppress(psutil.NoSuchProcess):
            if self.alive():
                self._note(psutil.Process(self.pid))

    def cpu_s(self) -> float:
        return self._cpu_s

    def peak_bytes(self) -> int:
        return self._peak_bytes

    def instance_s(self) -> float:
        """Seconds since it was ready, or until it ended; 0 before."""
        return 0.0 if self.ready_s is None else (self.ended_s or time.perf_counter()) - self.ready_s

    def terminate(self) -> None:
        with self._lock:
            if self.alive():
                os.kill(self.pid, signal.SIGTERM)

    def end(self, deadline_s: float) -> None:
        """Wait until `deadline_s` on the perf_counter clock, then kill it with all that it started."""
        while self.alive() and time.perf_counter() < deadline_s:
            time.sleep(0.005)
        with self._lock:
            if self.alive():
                kill_descendants(self.pid)
                os.kill(self.pid, signal.SIGKILL)
                self._reap(0)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _reap(self, options: int) -> None:
        reaped, status, used = os.wait4(self.pid, options)
        if not reaped:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing was left; macOS raises the second
            os.killpg(self.pid, signal.SIGKILL)  # its session's group: whatever it started
        self.ended_s = time.perf_counter()
        self._process.returncode = self.exit_code = os.waitstatus_to_exitcode(status)
        self._cpu_s = max(self._cpu_s, used.ru_utime + used.ru_stime)  # includes children that it waited for
        self._peak_bytes = max(self._peak_bytes, used.ru_maxrss * _MAX_RSS_UNIT_BYTES)

    def _note(self, process: psutil.Process) -> None:
        # Its own processes do not count until it has waited for them: to look for them is to read through all
        # processes of the machine, which takes as long as dozens of requests, in the load generator's own process.
        times = process.cpu_times()
        self._cpu_s = times.user + times.system + times.children_user + times.children_system
        self._peak_bytes = max(self._peak_bytes, resident_peak_bytes(process))


def resident_peak_bytes(process: psutil.Process) -> int:
    """The kernel's own maximum of a process's resident memory; where it keeps none, what is resident now."""
    if sys.platform == "linux":
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return int(process.memory_info().rss)


def how_it_ended(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
