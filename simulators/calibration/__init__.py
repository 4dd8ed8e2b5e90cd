"""Fitting a profile's durations to what was seen of the deployment under load."""

from simulators.calibration.fitting import calibrated
from simulators.calibration.seeing import SeenRun

__all__ = ["SeenRun", "calibrated"]
