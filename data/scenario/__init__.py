"""A scenario names all that a comparison needs: a team's TOML file, the page's state, the headless run's argument.

The three are one value. `Scenario.to_toml` and `from_toml` are inverse; so are `to_query` and `from_query`.
"""

from data.scenario.model import Scenario
from data.scenario.parts import (
    Application,
    Budget,
    Candidate,
    Cost,
    DataChoice,
    Forecast,
    Measurement,
    ModelChoice,
    Name,
    Scalar,
    Sizing,
    Slo,
    Stakes,
    Weights,
)

__all__ = [
    "Application", "Budget", "Candidate", "Cost", "DataChoice", "Forecast", "Measurement", "ModelChoice", "Name",
    "Scalar", "Scenario", "Sizing", "Slo", "Stakes", "Weights",
]  # fmt: skip
