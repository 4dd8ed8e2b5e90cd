"""Risk in numbers: faults simulated, harm counted, and what cannot be simulated counted by a stated rubric."""

from simulators.risk.assess import Assumptions, assess, known_faults
from simulators.risk.figures import RANKED, FaultFigures, RiskFigure, RiskFigures
from simulators.risk.loss import Stakes
from simulators.risk.rubric import RUBRIC
from simulators.risk.subject import MONTH_S, Subject

__all__ = [
    "MONTH_S", "RANKED", "RUBRIC", "Assumptions", "FaultFigures", "RiskFigure", "RiskFigures", "Stakes", "Subject",
    "assess", "known_faults",
]  # fmt: skip
