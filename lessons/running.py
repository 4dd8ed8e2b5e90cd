"""Running an experiment: at once where it simulates, as a job where it measures. Both do the same."""

from collections.abc import Callable, Mapping
from typing import Any

from lessons.catalogue import experiment
from lessons.contract import Cancelled, Progress
from lessons.controls import Settings, checked
from lessons.record import Record

JOB = "lessons.running:run_lesson"


def run_experiment(slug: str, settings: Settings, *, seed: int, progress: Progress, cancelled: Cancelled) -> Record:
    """One run of a lesson's experiment, with settings that its controls can take."""
    chosen = experiment(slug)
    return chosen.run(checked(chosen.controls, settings), seed=seed, progress=progress, cancelled=cancelled)


def run_lesson(payload: dict[str, Any], progress: Progress, cancelled: Callable[[], bool]) -> Mapping[str, Any]:
    """The job: `payload` has the lesson's slug, the settings and the seed; the result is the record."""
    record = run_experiment(
        payload["lesson"], payload["settings"], seed=payload["seed"], progress=progress, cancelled=cancelled
    )
    return {"record": record.to_dict()}
