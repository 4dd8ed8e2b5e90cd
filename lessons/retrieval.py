"""Which questions from earlier lessons to ask, spaced: first what was answered wrong, then what was asked longest ago.

Recalling something is worth more when it has begun to fade (Latimier et al. 2021), so the lesson just before is asked
about only where there is no other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lessons.progress.course import CourseState
from lessons.texts import ChoiceQuestion, LessonText

ASKED = 2


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A question and where it comes from."""

    name: str
    """`lesson/place`: how the answer is kept."""
    text: LessonText
    question: ChoiceQuestion


def questions_for(text: LessonText, order: Sequence[LessonText], state: CourseState) -> tuple[Retrieved, ...]:
    """The two questions that this lesson begins with, fewer where there are no earlier lessons.

    Those that the learner has answered in this lesson stay, so that a reload does not change them.
    """
    before = [other for other in order if other.slug < text.slug]
    pool = [
        Retrieved(f"{other.slug}/{place}", other, question)
        for other in before
        for place, question in enumerate(other.retrieval)
    ]
    own = state[text.slug].retrieval if text.slug in state else {}
    kept = [one for one in pool if one.name in own]
    fresh = sorted((one for one in pool if one.name not in own), key=lambda one: _rank(one, before, state))
    chosen = kept[:ASKED]
    for one in fresh:
        if len(chosen) == ASKED:
            break
        if all(one.text.slug != other.text.slug for other in chosen) or len(before) == 1:
            chosen.append(one)
    return tuple(chosen)


def _rank(one: Retrieved, before: Sequence[LessonText], state: CourseState) -> tuple[object, ...]:
    answers = list(_answers(one.name, state))
    wrong = bool(answers) and not answers[-1]
    met = one.text.slug in state
    # A lesson never opened cannot be recalled, and the one just before need not be.
    return not met and bool(state), not wrong, len(answers), one.text is before[-1], -one.text.number, one.name


def _answers(name: str, state: CourseState) -> Iterator[bool]:
    for at in sorted(state.values(), key=lambda at: at.last_at):
        if name in at.retrieval:
            yield at.retrieval[name].right
