"""From a scenario to a comparison: train or find the model, deploy and measure every candidate, compute and judge."""

from typing import Any

from data.scenario import Scenario
from data.store import RunStore
from data.store.run import new_id
from simulators.comparison.checking import check_measurable
from simulators.comparison.comparison import Comparison
from simulators.comparison.models import package_for
from simulators.comparison.saved import load_comparison
from strategies.measuring import run_measurement
from strategies.training.watch import CancelCheck, Progress, never, silent

_TRAINED = 0.25
"""The share of the work that training is taken for."""


def compare(
    scenario: Scenario,
    *,
    session: str = "",
    group: str = "",
    progress: Progress = silent,
    cancelled: CancelCheck = never,
) -> Comparison:
    """Measure all candidates of a scenario in the calling process, which should do nothing else meanwhile.

    All meet the same traffic, one after the other, the repetitions turn about. Every run is kept in the store.

    Parameters
    ----------
    session
        Whose runs they are; empty for everybody on this machine.
    group
        What the runs have in common in the store; a new name without one.
    progress
        Called with a stage's name and the share of the work that is done.

    Raises
    ------
    InvalidScenario
        It names something that does not exist or cannot be combined; nothing has been trained or started.
    Cancelled
        `cancelled` said yes; everything was stopped.
    DrydockError
        No candidate could be measured: the first one's reason.
    """
    check_measurable(scenario)
    store = RunStore(session)
    store.tidy()
    progress("looking for the model", 0.0)
    package = package_for(
        scenario, progress=lambda stage, share: progress(f"model: {stage}", _TRAINED * share), cancelled=cancelled
    )
    payload = {
        "scenario": scenario.to_toml(),
        "package": str(package.folder),
        "session": session,
        "group": group or new_id(),
    }
    run_measurement(payload, lambda stage, share: progress(stage, _TRAINED + (1 - _TRAINED) * share * 0.99), cancelled)
    progress("computing the figures", 1.0)
    return load_comparison(store, payload["group"])


def run_comparison(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Compare as a job of the queue.

    Parameters
    ----------
    payload
        `scenario`: its TOML text. Optional: `session`, whose runs they are; `group`, what they have in common.

    Returns
    -------
    dict
        `group`, for `load_comparison`; and `outcome`, what can be said of all candidates.
    """
    comparison = compare(
        Scenario.from_toml(payload["scenario"]),
        session=payload.get("session", ""),
        group=payload.get("group", ""),
        progress=progress,
        cancelled=cancelled,
    )
    return {"group": comparison.group, "outcome": comparison.outcome}
