"""Faults done to real deployments on this machine, beside what simulation says of the same."""

from simulators.risk.real.injecting import Drill, Injected, Outcome, drills, inject
from simulators.risk.real.predicting import (
    RESOLUTION_S,
    Calibration,
    calibrate,
    interval,
    learnt,
    paced,
    practise,
    predict,
)

__all__ = [
    "RESOLUTION_S",
    "Calibration",
    "Drill",
    "Injected",
    "Outcome",
    "calibrate",
    "drills",
    "inject",
    "interval",
    "learnt",
    "paced",
    "practise",
    "predict",
]
