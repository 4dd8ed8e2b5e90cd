"""Writing down what a learner does in one lesson, and reading back where they stand."""

from collections.abc import Mapping
from typing import Any

from data.errors import InvalidValue
from data.store.learning import Learner, LearningStore
from lessons.contract import Verdict
from lessons.progress.answers import Predicted
from lessons.progress.state import LessonState, lesson_state
from lessons.record import Record

MAX_WORDS = 2_000
"""Letters of the learner's own words that are kept."""


class Journal:
    """One browser's learner in one lesson. The learner is made with the first entry."""

    def __init__(self, store: LearningStore, browser: str, slug: str) -> None:
        self._store, self._browser, self._slug = store, browser, slug

    @property
    def learner(self) -> Learner | None:
        return self._store.known(self._browser)

    def state(self) -> LessonState:
        known = self.learner
        return lesson_state(self._store.events(known.code, self._slug)) if known else LessonState()

    def opened(self) -> None:
        self._add("opened", {})

    def answered(self, step: str, given: float, right: bool, question: str = "") -> None:
        """An answer in the step retrieval, worked, explained or transferred."""
        self._add(step, {"given": given, "right": right} | ({"question": question} if question else {}))

    def wrote(self, words: str) -> None:
        """The learner's own words on the transfer question."""
        self._add("transferred", {"words": words[:MAX_WORDS]})

    def predicted(self, said: Predicted) -> None:
        """Before the first run; afterwards `InvalidValue`."""
        if self.state().locked:
            raise InvalidValue(
                "prediction", said.number, "comes after the run", "start the lesson over to predict anew"
            )
        self._add("predicted", said.to_dict())

    def ran(self, record: Record) -> None:
        """A run ended; there must have been a prediction before it."""
        if self.state().predicted is None:
            raise InvalidValue("run", self._slug, "comes before the prediction", "predict first")
        self._add("ran", {"record": record.to_dict()})

    def checked(self, record: Record, verdict: Verdict) -> None:
        """The challenge was checked on that run. Whoever calls makes sure that it is the learner's live one."""
        said = record.to_dict()
        self._add(
            "checked",
            {
                "passed": verdict.passed, "measured": verdict.measured, "required": verdict.required,
                "why": verdict.why, "settings": said["settings"], "seed": record.seed, "origin": record.origin,
                "figures": said["figures"], "provenance": record.provenance,
            },
        )  # fmt: skip

    def restarted(self) -> None:
        """Begin anew; a challenge that was met stays met."""
        self._add("restarted", {})

    def _add(self, kind: str, data: Mapping[str, Any]) -> None:
        self._store.add(self._store.enter(self._browser).code, self._slug, kind, data)
