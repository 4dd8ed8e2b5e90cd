"""A scenario names all that a comparison needs: a team's TOML file, the page's state, the headless run's argument.

The three are one value. `Scenario.to_toml` and `from_toml` are inverse; so are `to_query` and `from_query`.
"""

from data.scenario.model import Scenario
from data.scenario.parts import Budget, Candidate, DataChoice, Measurement, ModelChoice, Name, Scalar, Slo

__all__ = ["Budget", "Candidate", "DataChoice", "Measurement", "ModelChoice", "Name", "Scalar", "Scenario", "Slo"]
