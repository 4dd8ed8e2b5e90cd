"""The order of the lessons and their deadlines: a TOML file that an instructor keeps.

    [[lesson]]
    name = "08_load_and_tails"
    due = 2026-12-01

Lessons that the file does not name come after those it does, in their own order and without a deadline.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from data.errors import InvalidFile, Problem
from data.home import home
from lessons.texts import LessonText

NAME = "course.toml"
_REMEDY = 'write [[lesson]] with name = "…" and, if you like, due = 2026-12-01 for each lesson'


@dataclass(frozen=True, slots=True)
class Course:
    """What an instructor decided."""

    order: tuple[str, ...] = ()
    """Lessons by name, first ones first."""
    due: Mapping[str, date] = field(default_factory=dict)

    def arranged(self, texts: Mapping[str, LessonText]) -> list[LessonText]:
        """The lessons in this order."""
        first = [slug for slug in self.order if slug in texts]
        return [texts[slug] for slug in (*first, *(slug for slug in texts if slug not in first))]


def course_file() -> Path:
    """Where the course is kept: course.toml in the state folder."""
    return home() / NAME


def read_course(known: Sequence[str], path: Path | None = None) -> Course:
    """The course in that file, or the lessons' own order where there is none; `InvalidFile` names lines."""
    path = path or course_file()
    if not path.is_file():
        return Course()
    return parse_course(path.read_text(encoding="utf-8"), known)


def parse_course(text: str, known: Sequence[str]) -> Course:
    """The course in a TOML text; lessons must be among `known`."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        raise _refused(int(where[1]) if where else text.count("\n") + 1, "", f"is not TOML ({error})") from None
    rows = found.get("lesson", [])
    if found.keys() - {"lesson"} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _refused(1, ", ".join(found), "must hold [[lesson]] and nothing else")
    lines = [i for i, line in enumerate(text.splitlines(), start=1) if line.strip() == "[[lesson]]"]
    lines += [0] * (len(rows) - len(lines))
    problems = [bad for row, line in zip(rows, lines, strict=False) for bad in _wrong(row, line, known)]
    names = [row.get("name") for row in rows]
    problems += [
        Problem(line, "name", str(name), "is named twice")
        for place, (name, line) in enumerate(zip(names, lines, strict=False))
        if name in names[:place]
    ]
    if problems:
        raise InvalidFile(NAME, tuple(problems), _REMEDY)
    due = {row["name"]: _day(row["due"]) for row in rows if "due" in row}
    return Course(tuple(row["name"] for row in rows), due)


def _wrong(row: Mapping[str, Any], line: int, known: Sequence[str]) -> list[Problem]:
    found = [Problem(line, key, str(row[key]), "is not known here") for key in row.keys() - {"name", "due"}]
    if row.get("name") not in known:
        found.append(Problem(line, "name", str(row.get("name")), f"is none of the lessons: {', '.join(known)}"))
    if "due" in row and not isinstance(row["due"], date):
        found.append(Problem(line, "due", str(row["due"]), "must be a date without quotes, such as 2026-12-01"))
    return found


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _refused(line: int, value: str, rule: str) -> InvalidFile:
    return InvalidFile(NAME, (Problem(line, "", value, rule),), _REMEDY)
