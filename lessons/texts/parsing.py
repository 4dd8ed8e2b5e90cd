"""Reading a lesson's text; whatever is wrong is told with the file and the line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from data.errors import Problem
from lessons.texts.model import ASKED, PROSE, SECTIONS, Diagram, LessonText
from lessons.texts.questions import choice, missing_step, prediction, several
from lessons.texts.sections import BadText, Section, front_matter, refused, sections

T = TypeVar("T")

_KEYS: dict[str, type] = {
    "title": str, "goal": str, "minutes": int, "prerequisites": list, "topics": list, "badge": str,
}  # fmt: skip
_BADGES = ("measured", "simulated")
_IMAGE = re.compile(r"^!\[([^\]]+)\]\(([^)\s]+\.svg)\)\s*$", re.MULTILINE)
NAME = re.compile(r"^\d\d_[a-z0-9_]+$")


def parse_text(path: Path, shown: str = "") -> LessonText:
    """Read one file.

    Parameters
    ----------
    shown
        What messages call the file; its own name without it.

    Raises
    ------
    InvalidFile
        The file breaks the rules, with every place that does.
    """
    file = shown or path.name
    if not NAME.match(path.stem):
        raise refused(file, [Problem(0, "", path.stem, "must be two digits and a name, such as 08_load_and_tails")])
    lines = path.read_text(encoding="utf-8").splitlines()
    problems: list[Problem] = []
    gather = _Gather(problems)
    head, length = gather(lambda: front_matter(lines)) or ({}, 0)
    head = _checked_head(head, lines, problems)
    found = {section.name: section for section in sections(lines[length:], 2, length + 1)[1:]}
    problems += [Problem(len(lines), "", f"## {name}", "is missing") for name in SECTIONS if name not in found]
    worked = gather(lambda: missing_step(found["worked-example"])) if "worked-example" in found else None
    asked = gather(lambda: prediction(found["prediction"])) if "prediction" in found else None
    mechanism = gather(lambda: choice(found["mechanism"])) if "mechanism" in found else None
    transfer = gather(lambda: choice(found["transfer"])) if "transfer" in found else None
    retrieval = gather(lambda: several(found["retrieval"])) if "retrieval" in found else None
    drawing = gather(lambda: _diagram(found["idea"], path)) if "idea" in found else None
    if problems or not (worked and asked and mechanism and transfer and drawing) or retrieval is None:
        raise refused(file, sorted(problems, key=lambda problem: problem.line))
    prose = {name: found[name].text for name in PROSE} | {"worked-example": worked[0], "prediction": asked[0]}
    return LessonText(
        slug=path.stem, file=file, prose=prose, worked=worked[1], prediction=asked[1], mechanism=mechanism,
        transfer=transfer, retrieval=retrieval, diagram=drawing, **head,
    )  # fmt: skip


class _Gather:
    """Does one thing after the other, and keeps what is wrong with each."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def __call__(self, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except BadText as bad:
            self._problems.append(bad.problem)
            return None


def _checked_head(head: dict[str, Any], lines: list[str], problems: list[Problem]) -> dict[str, Any]:
    if not head and problems:
        return {}
    for name, kind in _KEYS.items():
        if name not in head:
            problems.append(Problem(1, "", name, "is missing from the front matter"))
        elif not isinstance(head[name], kind) or isinstance(head[name], bool):
            problems.append(Problem(_line_of(name, lines), "", str(head[name]), f"must be a {kind.__name__} ({name})"))
    for name in head.keys() - _KEYS.keys():
        rule = f"is no key of the front matter; these are: {', '.join(_KEYS)}"
        problems.append(Problem(_line_of(name, lines), "", name, rule))
    if head.get("badge") not in (*_BADGES, None):
        rule = f"must be {' or '.join(_BADGES)}"
        problems.append(Problem(_line_of("badge", lines), "", str(head["badge"]), rule))
    return {name: tuple(value) if isinstance(value, list) else value for name, value in head.items()}


def _line_of(key: str, lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines, start=1) if re.match(rf"{re.escape(key)}\s*=", line)), 1)


def _diagram(idea: Section, path: Path) -> Diagram:
    images = _IMAGE.findall(idea.text)
    if len(images) != 1:
        raise BadText(idea.line, f"{len(images)} diagrams", "must be one: ![what it shows](file.svg) on a line alone")
    alt, file = images[0]
    if not (path.parent / file).is_file():
        line = idea.line + 1 + next(i for i, text in enumerate(idea.lines) if file in text)
        raise BadText(line, file, "is not beside the text")
    return Diagram(file, alt)


def around_diagram(markdown: str) -> tuple[str, str]:
    """The text before and after the line that holds the diagram."""
    before, _, after = _IMAGE.sub("\0", markdown, count=1).partition("\0")
    return before.strip(), after.strip()


__all__ = ["ASKED", "NAME", "around_diagram", "parse_text"]
