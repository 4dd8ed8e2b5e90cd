"""How wrong our predictions are: measured on this machine, in runs that no prediction has seen."""

from simulators.fidelity.report import Cell, FidelityReport, Nearest, stored_report

__all__ = ["Cell", "FidelityReport", "Nearest", "stored_report"]
