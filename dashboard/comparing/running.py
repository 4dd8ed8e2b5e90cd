"""Running a comparison: one job that trains if it must, and measures every candidate."""

from dashboard.work import owner, start
from data.scenario import Scenario

COMPARE = "simulators.comparison.compare:run_comparison"


def run(scenario: Scenario) -> str:
    """Queue the comparison; returns the job's id."""
    payload = {"scenario": scenario.to_toml(), "session": owner()}
    return start(COMPARE, payload, lane="measure", title=scenario.title or f"Comparing {scenario.name}")
