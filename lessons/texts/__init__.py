"""The texts of the lessons: Markdown files, one folder a language."""

from lessons.texts.model import ChoiceQuestion, Diagram, LessonText, NumberQuestion, Option, Prediction
from lessons.texts.parsing import parse_text

__all__ = ["ChoiceQuestion", "Diagram", "LessonText", "NumberQuestion", "Option", "Prediction", "parse_text"]
