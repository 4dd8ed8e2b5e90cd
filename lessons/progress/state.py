"""One learner in one lesson."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data.store.learning import Event
from lessons.progress.answers import Answer, Predicted

STEPS = ("worked", "predicted", "ran", "explained", "challenged", "transferred")
"""What a lesson asks for, in order; retrieval questions come before and are not counted, as the first has none."""


@dataclass(frozen=True, slots=True)
class LessonState:
    """Where a learner stands in a lesson; every field survives a reload."""

    opened_at: str = ""
    last_at: str = ""
    retrieval: Mapping[str, Answer] = field(default_factory=dict)
    """By the question's name, `lesson/place`."""
    worked: Answer | None = None
    predicted: Predicted | None = None
    run: Mapping[str, Any] | None = None
    """The last run, a `Record.to_dict()`."""
    run_id: str = ""
    """Of the event that tells of it."""
    runs: int = 0
    first_run: Mapping[str, Any] | None = None
    """The run that the prediction was about."""
    explained: Answer | None = None
    verdict: Mapping[str, Any] | None = None
    """The last check, with the run it was made on."""
    passed_at: str = ""
    """When the challenge was first met; starting over does not take it away."""
    evidence: Mapping[str, Any] | None = None
    """Settings, seed, figures and verdict of the run that met it."""
    transferred: Answer | None = None
    words: str = ""
    """What the learner wrote in their own words."""

    @property
    def locked(self) -> bool:
        """Whether the prediction can no longer be changed."""
        return self.runs > 0

    @property
    def steps(self) -> tuple[str, ...]:
        """Those done, in order."""
        found = {
            "worked": self.worked is not None,
            "predicted": self.predicted is not None,
            "ran": self.runs > 0,
            "explained": self.explained is not None and self.explained.right,
            "challenged": bool(self.passed_at),
            "transferred": self.transferred is not None,
        }
        return tuple(step for step in STEPS if found[step])

    @property
    def share(self) -> float:
        """Share of the lesson done, from 0 to 1."""
        return len(self.steps) / len(STEPS)

    @property
    def done(self) -> bool:
        """Whether every step is."""
        return len(self.steps) == len(STEPS)

    @property
    def next_step(self) -> str:
        """The first step that is not done; empty when all are."""
        return next((step for step in STEPS if step not in self.steps), "")


def lesson_state(events: Iterable[Event]) -> LessonState:
    """The state that these events of one learner in one lesson lead to, in their order."""
    state = LessonState()
    for event in events:
        fold = _FOLDS.get(event.kind)
        if fold is not None:
            state = fold(state, event)
        state = replace(state, opened_at=state.opened_at or event.at, last_at=event.at)
    return state


def _answer(before: Answer | None, data: Mapping[str, Any]) -> Answer:
    return Answer(float(data["given"]), bool(data["right"]), before.tries + 1 if before else 1)


def _retrieval(state: LessonState, event: Event) -> LessonState:
    name = str(event.data["question"])
    return replace(state, retrieval={**state.retrieval, name: _answer(state.retrieval.get(name), event.data)})


def _worked(state: LessonState, event: Event) -> LessonState:
    return replace(state, worked=_answer(state.worked, event.data))


def _predicted(state: LessonState, event: Event) -> LessonState:
    # Another tab may still offer the form after the run; what was locked stays.
    if state.locked:
        return state
    said = event.data
    return replace(state, predicted=Predicted(int(said["direction"]), float(said["number"]), int(said["confidence"])))


def _ran(state: LessonState, event: Event) -> LessonState:
    record = event.data["record"]
    first = state.first_run if state.first_run is not None else record
    return replace(state, run=record, run_id=event.id, runs=state.runs + 1, first_run=first)


def _explained(state: LessonState, event: Event) -> LessonState:
    return replace(state, explained=_answer(state.explained, event.data))


def _checked(state: LessonState, event: Event) -> LessonState:
    state = replace(state, verdict=event.data)
    if event.data["passed"] and not state.passed_at:
        state = replace(state, passed_at=event.at, evidence=event.data)
    return state


def _transferred(state: LessonState, event: Event) -> LessonState:
    words = str(event.data.get("words", state.words))
    if "given" not in event.data:
        return replace(state, words=words)
    return replace(state, transferred=_answer(state.transferred, event.data), words=words)


def _restarted(state: LessonState, _event: Event) -> LessonState:
    return LessonState(opened_at=state.opened_at, passed_at=state.passed_at, evidence=state.evidence)


_FOLDS = {
    "retrieval": _retrieval, "worked": _worked, "predicted": _predicted, "ran": _ran, "explained": _explained,
    "checked": _checked, "transferred": _transferred, "restarted": _restarted,
}  # fmt: skip
"""By the kind of event; any other, such as `opened`, only says that the learner was there."""
