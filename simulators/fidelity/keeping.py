"""The runs behind a report, kept raw: what was measured once can be predicted again after the model was mended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidFile, Problem
from data.profile import ServiceProfile
from simulators.fidelity.report import Traffic, folder

FORMAT = "drydock fidelity runs 2"
COLUMNS = ("scheduled_s", "end_s", "status", "cold")
_SLOW = "slow"
Purpose = Literal["calibration", "surge", "held out"]
"""surge: a short burst at an idle deployment, to calibrate by as well."""


@dataclass(frozen=True, slots=True)
class About:
    """Which run it was; rate, length and seed make its arrivals again."""

    purpose: Purpose
    utilisation: float
    traffic: Traffic
    rate_rps: float
    duration_s: float
    seed: int
    rows: int
    """From how many its requests were picked."""
    cpu_s: float
    """Processor time that the deployment used meanwhile."""
    deployment: int = 0
    """Repetitions that were added were measured in another one."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptRun:
    """One run as it was measured."""

    about: About
    columns: Mapping[str, NDArray[np.generic]]
    """`scheduled_s`, `end_s`, `status` and `cold` of each request, (requests,)."""
    slow: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """How slow the deployment's cores were, every `STEP_S` of strategies.loadgen.slowness; empty if not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """All that was measured of one subject."""

    subject: str
    profile: ServiceProfile
    """As measured without load: nothing is fitted yet."""
    runs: tuple[KeptRun, ...]

    def of(self, purpose: Purpose) -> tuple[KeptRun, ...]:
        return tuple(run for run in self.runs if run.about.purpose == purpose)


def keep(material: Material) -> None:
    """Write it beside the report; it appears whole or not at all."""
    path = _path(material.subject)
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "format": FORMAT, "subject": material.subject, "profile": material.profile.to_json(),
        "runs": [asdict(run.about) for run in material.runs],
    }  # fmt: skip
    arrays = {f"{i}/{name}": column for i, run in enumerate(material.runs) for name, column in run.columns.items()}
    arrays |= {f"{i}/{_SLOW}": run.slow for i, run in enumerate(material.runs)}
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, about=np.array(json.dumps(about)), **cast(dict[str, Any], arrays))
    partial.replace(path)


def kept(subject: str) -> Material | None:
    """What `keep` wrote of this subject; None where nothing is kept, `InvalidFile` where it cannot be read."""
    path = _path(subject)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about["format"] != FORMAT:
                raise ValueError(f"is not {FORMAT!r}")
            runs = tuple(
                KeptRun(About(**each), {name: file[f"{i}/{name}"] for name in COLUMNS}, file[f"{i}/{_SLOW}"])
                for i, each in enumerate(about["runs"])
            )
        return Material(subject, ServiceProfile.from_json(about["profile"], path.name), runs)
    except (ValueError, TypeError, KeyError, OSError) as error:
        problem = Problem(0, "", "", f"cannot be read as kept runs ({error})")
        raise InvalidFile(path.name, (problem,), "measure again: python -m simulators.fidelity --fresh") from error


def _path(subject: str) -> Path:
    return folder() / "runs" / f"{subject}.npz"
