"""The worker process of one job, seen from the queue."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from strategies.jobs.order import Order
from strategies.jobs.processes import MARK, end_processes, kill_group

PREFIX = "drydock-job-"
_OWNER = "owner.lock"
_LOG_BYTES = 20_000
_LAST_WORDS_S = 0.5
"""How long a worker that has told its end may take to exit."""
_NEW_S = 60.0
_ROOT = Path(__file__).parents[2]


class Child:
    """A worker in a session of its own, with a folder of its own for whatever it writes temporarily."""

    def __init__(self, job_id: str, function: str, payload: dict[str, Any], lock: str) -> None:
        self.id = job_id
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{job_id}-"))
        self._owner = FileLock(self.folder / _OWNER, thread_local=False)
        self._owner.acquire(timeout=0)  # held as long as this process lives, see `sweep`
        self._log = self.folder / "log"
        order = Order(
            job_id, function, payload, tuple(entry or os.getcwd() for entry in sys.path), lock, str(self.folder)
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "strategies.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        self._reaping = threading.Lock()
        self._send(json.dumps(asdict(order)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it tells, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # A worker killed while it writes leaves half a line.
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def cancel(self) -> None:
        """Ask it to stop."""
        self._send("cancel")

    def kill(self) -> None:
        """End it at once, without asking."""
        # Not by Popen.kill, which reaps a worker that is dead: as long as it is not reaped, its group's number is ours.
        with self._reaping:
            if self._process.returncode is not None:
                return
            if sys.platform == "win32":
                self._process.kill()
            else:
                kill_group(self.pid)

    def clean(self) -> tuple[int, str]:
        """End whatever is left of it and remove its folder; returns its exit status and the end of its log."""
        self._wait_for_its_end(_LAST_WORDS_S)
        self.kill()
        with self._reaping:
            code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        end_processes(self.id)
        log = self._tail()
        self._owner.release()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code, log

    def _wait_for_its_end(self, timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and not self._ended():
            time.sleep(0.005)

    def _ended(self) -> bool:
        if sys.platform == "win32":
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        # A worker that is gone, its pipe broken or closed, is found out by who reads its messages.
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        own = {name: str(self.folder) for name in ("TMPDIR", "TEMP", "TMP")}
        return {**os.environ, **own, "PYTHONPATH": path, MARK: self.id}

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            with self._log.open("rb") as log:
                log.seek(max(self._log.stat().st_size - _LOG_BYTES, 0))
                return log.read().decode(errors="replace")
        return ""


def sweep() -> None:
    """Clean up after queues that were killed together with their workers."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            if time.time() - folder.stat().st_mtime < _NEW_S and not (folder / _OWNER).exists():
                continue  # its queue is just about to lock it
            with FileLock(folder / _OWNER).acquire(timeout=0):
                end_processes(folder.name.removeprefix(PREFIX).partition("-")[0])
            shutil.rmtree(folder, ignore_errors=True)
