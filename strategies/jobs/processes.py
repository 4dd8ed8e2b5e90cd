"""Finding and ending every process of a job, wherever it has wandered off to.

All of them inherit `MARK` in their environment. A process that left the job's process group and outlived its parent (a
daemon) has nothing else in common with the job any more.
"""

import contextlib
import os
import signal
import sys
import time

import psutil

MARK = "DRYDOCK_JOB"
_PATIENCE_S = 1.0


def processes_of(job_id: str) -> list[psutil.Process]:
    """The job's living processes, this one excepted."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == job_id:
                found.append(process)
    return found


def end_processes(job_id: str, group: int | None = None) -> bool:
    """Kill all processes of a job, and those that they start meanwhile; whether none is left.

    `group` is the number of the process group that the job began with, where nobody else can have it.
    """
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        if group is not None:
            kill_group(group)
        left = processes_of(job_id)
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not left or time.monotonic() > deadline_s:
            return not left
        psutil.wait_procs(left, timeout=0.1)


def kill_group(group: int) -> None:
    """Kill a process group; nothing where there is none any more, or the system has no groups."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
