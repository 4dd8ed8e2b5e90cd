"""One model measured on the small device, in a process of its own."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled, DrydockError, Unavailable
from strategies.edge._child import NO_MEMORY
from strategies.edge.device import MIB, Device, missing
from strategies.hosts._child import how_it_ended
from strategies.hosts.lifeline import command
from strategies.training.watch import CancelCheck, never

_ROOT = Path(__file__).parents[2]
_LOOK_EVERY_S = 0.05
_TIMEOUT_S = 300.0


class TooSmall(DrydockError):
    """The model, with the runtime that executes it, does not fit the device."""


class TrialFailed(DrydockError):
    """The process ended without a result; the message gives its last lines."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What one process found."""

    start_s: NDArray[np.float64]
    """When each prediction began, since the first one. (predictions,)"""
    end_s: NDArray[np.float64]
    answers: NDArray[np.float32]
    """Class probabilities or values for each row. (rows, outputs)"""
    load_s: float
    """Importing the runtime, loading the model and its first prediction."""
    cpu_s: float
    """Processor time of the predictions."""
    peak_bytes: int
    """Highest resident memory of the process: interpreter, runtime and model."""


def run_trial(
    model: Path,
    output: str,
    rows: NDArray[np.float32],
    device: Device,
    *,
    predictions: int = 1_000,
    cancelled: CancelCheck = never,
) -> Trial:
    """Predict the rows (rows, features) one by one, `predictions` in all, as the device would.

    Each row is predicted once beforehand, which warms up and gives the answers.

    Raises
    ------
    TooSmall
        The device's memory does not suffice.
    TrialFailed
        It failed for another reason, such as a model that does not run.
    Unavailable
        This machine cannot set the limits.
    """
    if lacking := missing():
        raise Unavailable("A small device's limits cannot be set here", lacking)
    with tempfile.TemporaryDirectory(prefix="drydock-edge-") as folder:
        place = Path(folder)
        np.save(place / "rows.npy", np.ascontiguousarray(rows, np.float32))
        order = {
            "model": str(model), "output": output, "rows": str(place / "rows.npy"), "predictions": predictions,
            "device": device.to_dict(), "result": str(place / "result.npz"),
        }  # fmt: skip
        (place / "order.json").write_text(json.dumps(order))
        _run_child(place, device, cancelled)
        return _read(place / "result.npz")


def _run_child(place: Path, device: Device, cancelled: CancelCheck) -> None:
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    with (place / "log").open("w+") as log:
        child = subprocess.Popen(
            command("strategies.edge._child", [str(place / "order.json")]), env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        with child:
            try:
                _wait(child, cancelled)
            except BaseException:
                child.kill()
                raise
    said = (place / "log").read_text(errors="replace").strip()[-1_000:]
    if child.returncode == NO_MEMORY or (child.returncode and _ran_out(said)):
        size = f"{device.memory_bytes / MIB:,.0f} MiB"
        raise TooSmall(f"The model and its runtime do not fit {size} of address space: choose a larger device.")
    if child.returncode:
        raise TrialFailed(f"The trial {how_it_ended(child.returncode)}. Its last lines:\n{said or '(none)'}")


def _wait(child: "subprocess.Popen[bytes]", cancelled: CancelCheck) -> None:
    deadline_s = time.monotonic() + _TIMEOUT_S
    while child.poll() is None:
        if cancelled():
            raise Cancelled("The trial was cancelled; its process has ended.")
        if time.monotonic() > deadline_s:
            raise TrialFailed(f"The trial did not end within {_TIMEOUT_S:g} s.")
        time.sleep(_LOOK_EVERY_S)


def _ran_out(said: str) -> bool:
    # An import or a thread that finds no memory ends in many ways, and these are their words.
    words = ("memoryerror", "bad_alloc", "cannot allocate memory", "failed to map", "can't start new thread")
    return any(word in said.lower() for word in words)


def _read(result: Path) -> Trial:
    with np.load(result) as found:
        began_s = float(found["start_s"][0])
        return Trial(
            found["start_s"] - began_s,
            found["end_s"] - began_s,
            found["answers"],
            float(found["load_s"]),
            float(found["cpu_s"]),
            int(found["peak_bytes"]),
        )
