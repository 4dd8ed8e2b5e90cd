"""A started process ends with the process that started it, however that one ended.

The parent holds the writing end of the child's standard input and writes nothing. When the parent is gone, even by
SIGKILL, the kernel closes that end, the child reads end-of-file and exits at once with all that it started. Unlike
Linux's parent-death signal this also works on macOS, and does not mistake the end of a parent's thread for its own.

A host runs ``python -m strategies.hosts.lifeline MODULE ARGUMENTS…`` (see `command`), so that a service has its
lifeline before its first slow import and needs no line of code for it.
"""

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Sequence

from strategies.hosts.lifeline.place import Place


def command(module: str, arguments: Sequence[str] = ()) -> list[str]:
    """How to start ``python -m module`` on a lifeline: give it a pipe as standard input, and keep the pipe open."""
    # -P keeps the working folder out of the import path: what runs must not depend on where it was started.
    return [sys.executable, "-P", "-m", __name__, module, *arguments]


def hold() -> None:
    """From now on, end this process as soon as its standard input closes."""
    threading.Thread(target=_wait_for_the_end, name="lifeline", daemon=True).start()


def _wait_for_the_end() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass  # a standard input that cannot be read has no parent behind it either
    _end()


def _end() -> None:
    folder = Place.here().folder
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)  # nobody is left to do it
    kill_descendants(os.getpid())
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # a session leader takes along what is left of its group, itself included
    os._exit(1)


def kill_descendants(pid: int) -> None:
    """Kill whatever a living process started and its children started, in whichever session that is by now."""
    import psutil  # here: a process that ends as planned never needs it

    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                process.kill()
