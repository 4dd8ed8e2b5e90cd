"""What every part of a lesson's page is given: the text, the experiment, and where the learner stands."""

from dataclasses import dataclass, replace

import streamlit as st

from dashboard.work import owner
from data.store.learning import LearningStore
from lessons.contract import Experiment
from lessons.progress import Journal, LessonState
from lessons.record import Record, quotable
from lessons.texts import LessonText


@dataclass(frozen=True, slots=True)
class Desk:
    """One learner at one lesson, as it is while the page is drawn."""

    text: LessonText
    experiment: Experiment
    journal: Journal
    state: LessonState
    demo: bool = False
    """Whether an instructor only shows it: then nothing is kept, and no prediction is asked for."""

    @property
    def slug(self) -> str:
        return self.text.slug

    def key(self, name: str) -> str:
        """A widget's key, the lesson's own."""
        return f"learn.{self.slug}.{name}"

    def anew(self) -> "Desk":
        """The same with what was done meanwhile."""
        return replace(self, state=self.journal.state())

    def record(self) -> Record | None:
        """The last run: the learner's from the store, a demonstration's from this session."""
        kept = st.session_state.get(self.key("demo")) if self.demo else self.state.run
        return Record.from_dict(kept) if kept is not None else None

    def keep(self, record: Record) -> None:
        """A run ended."""
        if self.demo:
            st.session_state[self.key("demo")] = record.to_dict()
        else:
            self.journal.ran(record)

    def quoted(self, record: Record) -> dict[str, object]:
        """What feedback may cite, the learner's own prediction among it."""
        said = self.state.predicted
        predicted = f"{said.number:g} {self.text.prediction.unit}".strip() if said else "–"
        return dict(quotable(record, predicted=predicted))


def store() -> LearningStore:
    return LearningStore()


def journal_of(slug: str) -> Journal:
    """This browser's learner in that lesson."""
    return Journal(store(), owner(), slug)
