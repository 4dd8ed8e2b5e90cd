"""A lesson's text as values: prose as Markdown, questions as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from data.provenance import Origin

PROSE = ("scenario", "idea", "experiment", "explanation", "challenge", "sources", "notes")
"""Sections that are Markdown and nothing else; `notes` are for instructors."""
ASKED = ("worked-example", "prediction", "mechanism", "transfer", "retrieval")
"""Sections that ask the learner something."""
SECTIONS = (*PROSE, *ASKED)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose, and what is said to whoever chose it."""

    text: str
    right: bool
    feedback: str
    """Markdown. Figures of the learner's own run are cited as {name}."""

    @property
    def misconception(self) -> str:
        """The name a wrong option's feedback gives the mistaken idea, in bold at its beginning."""
        return self.feedback.split("**")[1].strip(" .:") if self.feedback.startswith("**") else ""


@dataclass(frozen=True, slots=True)
class ChoiceQuestion:
    """A question with exactly one right option."""

    text: str
    options: tuple[Option, ...]
    line: int
    """Where it begins in its file, from 1."""

    @property
    def right(self) -> int:
        """Place of the right option, from 0."""
        return next(place for place, option in enumerate(self.options) if option.right)


@dataclass(frozen=True, slots=True)
class NumberQuestion:
    """A question answered by a number within a tolerance."""

    text: str
    value: float
    tolerance: float
    unit: str
    feedback: str
    line: int

    def accepts(self, answer: float) -> bool:
        return abs(answer - self.value) <= self.tolerance * (1 + 1e-9)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the learner commits to before the run: a direction, a number, and how sure they are."""

    direction: str
    """The question, in Markdown."""
    options: tuple[str, ...]
    number: str
    """The question, in Markdown."""
    unit: str
    line: int


@dataclass(frozen=True, slots=True)
class Diagram:
    """The lesson's own drawing, an SVG file beside the text."""

    file: str
    alt: str


@dataclass(frozen=True, slots=True)
class LessonText:
    """Everything that is read in one lesson, in one language."""

    slug: str
    """Name of the file without its ending, such as 08_load_and_tails."""
    file: str
    """Path of the file, from the project's folder."""
    title: str
    goal: str
    minutes: int
    prerequisites: tuple[str, ...]
    """Slugs of lessons to do before."""
    topics: tuple[str, ...]
    """Names of topics in the coverage list that this lesson contains."""
    badge: Origin
    prose: Mapping[str, str]
    """Section to Markdown, for the sections in `PROSE` and for what leads up to a question in `ASKED`."""
    worked: NumberQuestion | ChoiceQuestion
    prediction: Prediction
    mechanism: ChoiceQuestion
    transfer: ChoiceQuestion
    retrieval: tuple[ChoiceQuestion, ...]
    """Questions about this lesson that later lessons ask."""
    diagram: Diagram

    @property
    def number(self) -> int:
        return int(self.slug[:2])
