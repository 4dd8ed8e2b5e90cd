"""How far a learner is: folded from what they did, so that it survives reloads, tabs and restarts."""

from lessons.progress.answers import Answer, Predicted
from lessons.progress.course import CourseState, course_state, next_lesson
from lessons.progress.journal import Journal
from lessons.progress.state import STEPS, LessonState, lesson_state

__all__ = [
    "STEPS", "Answer", "CourseState", "Journal", "LessonState", "Predicted", "course_state", "lesson_state",
    "next_lesson",
]  # fmt: skip
