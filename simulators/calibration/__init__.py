"""Fitting a profile's durations to what was seen of the deployment under load."""

from simulators.calibration.fitting import calibrated

__all__ = ["calibrated"]
