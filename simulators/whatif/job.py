"""A long simulation, such as a day of traffic, as a job of the queue."""

from typing import Any

from data.errors import Cancelled
from simulators.whatif.planning import ask
from simulators.whatif.profiles import known_profiles
from simulators.whatif.question import Question
from simulators.whatif.running import run
from simulators.whatif.saved import to_plain
from strategies.training.watch import CancelCheck, Progress, never, silent

SIMULATE = "simulators.whatif.job:run_question"


def run_question(
    payload: dict[str, Any], progress: Progress = silent, cancelled: CancelCheck = never
) -> dict[str, Any]:
    """Simulate a question of any length.

    Parameters
    ----------
    payload
        `query`: the question as `Question.to_query` writes it.

    Returns
    -------
    dict
        `query`, and `result`, for `simulators.whatif.saved.from_plain`.
    """
    progress("drawing the arrivals", 0.0)
    question, problems = Question.from_query(payload["query"])
    if problems:
        raise problems[0]
    asked = ask(question, known_profiles())
    if cancelled():
        raise Cancelled("The simulation was stopped.")
    result = run(asked, progress=lambda share: progress("simulating", 0.05 + 0.95 * share), cancelled=cancelled)
    return {"query": dict(payload["query"]), "result": to_plain(result)}
