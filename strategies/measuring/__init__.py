"""Measuring candidates for real: once, several times, or as a job of the queue."""

from strategies.measuring.job import run_measurement
from strategies.measuring.measure import measure
from strategies.measuring.repeated import measure_repeated

__all__ = ["measure", "measure_repeated", "run_measurement"]
