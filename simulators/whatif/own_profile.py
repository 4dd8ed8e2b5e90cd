"""Measuring the profile of the user's own model, as a job of the queue, and fitting it to what was seen under load."""

from pathlib import Path
from typing import Any

from strategies.packaging.package import ModelPackage
from strategies.profiling import Effort
from strategies.profiling.job import model_rows, profile_package
from strategies.profiling.shelf import keep_profile
from strategies.training.watch import CancelCheck, Progress, never, silent

PROFILE = "simulators.whatif.own_profile:run_own_profile"
_TRIES = 300
"""Of the fit: half of what the fidelity report takes, as somebody waits for it."""
_MEASURING = 0.75
"""The share of the work that measuring is taken for."""


def run_own_profile(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Measure a package behind an API, through the broker, as a function and looked up; fit and keep its profile.

    A part that this machine cannot run is left out; the profile's notes say which, and why.

    Parameters
    ----------
    payload
        `folder` of a package.

    Returns
    -------
    dict
        `version`: whose profile it is. `notes`: what is left out, and how far the fit is off.
    """
    # Imported here: fitting needs libraries that the page, which only names this job, starts without.
    from simulators.calibration import calibrated
    from simulators.fidelity.plans import as_measured

    package = ModelPackage.open(Path(payload["folder"]))
    progress("reading the rows", 0.0)
    rows = model_rows(package)
    measured = profile_package(
        package, rows, Effort(), lambda stage, share: progress(stage, _MEASURING * share), cancelled
    )
    progress("fitting it to what was seen under load", _MEASURING)
    profile = calibrated(measured, as_measured, _TRIES)
    keep_profile(package.version, profile)
    progress("done", 1.0)
    return {"version": package.version, "notes": list(profile.notes)}
