"""One learner in the whole course."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from data.store.learning import Event
from lessons.progress.state import LessonState, lesson_state
from lessons.texts import LessonText

CourseState = Mapping[str, LessonState]
"""By lesson; one that was never opened is missing."""


def course_state(events: Iterable[Event]) -> CourseState:
    """Where a learner stands in every lesson they opened."""
    by_lesson: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_lesson[event.lesson].append(event)
    return {slug: lesson_state(found) for slug, found in by_lesson.items()}


def next_lesson(state: CourseState, order: Sequence[LessonText]) -> str:
    """Where to go on: the lesson worked on last, if it is not done, else the first whose prerequisites are.

    Empty when everything is done.
    """
    opened = sorted((at.last_at, slug) for slug, at in state.items() if not at.done)
    known = {text.slug for text in order}
    for _last_at, slug in reversed(opened):
        if slug in known:
            return slug
    done = {slug for slug, at in state.items() if at.done}
    left = [text for text in order if text.slug not in done]
    ready = [text for text in left if done.issuperset(set(text.prerequisites) & known)]
    return (ready or left)[0].slug if left else ""
