"""Faults done to real deployments on this machine, beside what simulation says of the same."""

from simulators.risk.real.injecting import Drill, Injected, Outcome, drills, inject
from simulators.risk.real.predicting import RESOLUTION_S, Calibration, away_s, calibrate, interval, paced, predict

__all__ = [
    "RESOLUTION_S",
    "Calibration",
    "Drill",
    "Injected",
    "Outcome",
    "away_s",
    "calibrate",
    "drills",
    "inject",
    "interval",
    "paced",
    "predict",
]
