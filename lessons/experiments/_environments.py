"""Runtime environments for lessons: a Python with packages of stated versions, made by uv, kept in the state folder."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from data.errors import Cancelled, Unavailable
from data.home import home
from lessons.contract import Cancelled as IsCancelled

PYTHON = "3.11"
"""Of every environment: the oldest packages that lessons use exist for no newer one."""
_LOOK_EVERY_S = 0.05
_INSTALL_S, _RUN_S = 300.0, 120.0
_REACH = f"see that a Python {PYTHON} and the package index can be reached; both are needed only the first time"
_RENEW = "remove the folder `environments` from the state folder, and run it again"


def environment(requirements: Sequence[str], cancelled: IsCancelled) -> Path:
    """The Python of the environment that holds exactly these packages; built when it is not there yet.

    Parameters
    ----------
    requirements
        Every package with its version, `name==version`; nothing else is installed.

    Raises
    ------
    Unavailable
        uv, Python 3.11 or the package index is not there.
    Cancelled
        `cancelled` said yes; nothing half-built stays.
    """
    digest = hashlib.sha256("\n".join([PYTHON, *requirements]).encode()).hexdigest()[:12]
    folder = home() / "environments" / digest
    python = folder / "bin" / "python"
    if not python.exists():
        folder.parent.mkdir(exist_ok=True)
        draft = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        try:
            _build(draft, requirements, cancelled)
            if not python.exists():  # somebody built the same meanwhile: theirs is as good
                draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return python


def installed(python: Path, cancelled: IsCancelled) -> tuple[str, ...]:
    """What is in an environment, in the form of a lock file: `name==version`, a line each."""
    listed = _finished([_uv(), "pip", "freeze", "--quiet", "--python", str(python)], _RUN_S, _RENEW, cancelled)
    return tuple(line for line in listed.splitlines() if "==" in line)


def run_json(python: Path, script: Path, arguments: Sequence[str], cancelled: IsCancelled) -> dict[str, Any]:
    """Run a script in an environment, which sees nothing of ours, and read the last line that it prints as JSON."""
    printed = _finished([str(python), "-I", str(script), *arguments], _RUN_S, _RENEW, cancelled)
    found: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    return found


def _build(folder: Path, requirements: Sequence[str], cancelled: IsCancelled) -> None:
    own = sys.executable if sys.version_info[:2] == (3, 11) else PYTHON
    _finished([_uv(), "venv", "--quiet", "--python", own, str(folder)], _INSTALL_S, _REACH, cancelled)
    python = str(folder / "bin" / "python")
    install = [_uv(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python", python]
    _finished([*install, *requirements], _INSTALL_S, _REACH, cancelled)


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise Unavailable(
            "uv is not there, which builds the two environments",
            "install it with `pip install uv`; `make run` brings it",
        )
    return found


def _finished(command: Sequence[str], limit_s: float, remedy: str, cancelled: IsCancelled) -> str:
    """What the command printed; ended at once when the learner stops the run. `remedy` is for when it fails."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            printed, complaint = _communicated(running, time.monotonic() + limit_s, cancelled)
        except BaseException:
            running.kill()
            raise
    if running.returncode != 0:
        last = complaint.strip().splitlines()[-1:] or [f"exit status {running.returncode}"]
        raise Unavailable(f"{' '.join(_short(command))} failed ({last[0][:300].rstrip('.')})", remedy)
    return printed


def _short(command: Sequence[str]) -> tuple[str, str]:
    """Enough of a command to know it by."""
    return Path(command[0]).name, Path(command[1] if command[1] != "-I" else command[2]).name


def _communicated(running: "subprocess.Popen[str]", until_s: float, cancelled: Callable[[], bool]) -> tuple[str, str]:
    while True:
        if cancelled():
            raise Cancelled("the run was stopped")
        if time.monotonic() > until_s:
            raise Unavailable(
                "Building or running an environment took too long",
                "run it again when machine and network are less busy",
            )
        try:
            return running.communicate(timeout=_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
