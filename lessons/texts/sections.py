"""Cutting a lesson's file into its front matter and its sections, with the line at which each begins."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from data.errors import InvalidFile, Problem

_FENCE = "+++"
_HEADING = re.compile(r"^(#{2,3}) (.+?)(?:\s*\{#([a-z-]+)\})?\s*$")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
REMEDY = "see lessons/README.md for how a lesson is written, or copy the section from another lesson"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    name: str
    """Its id: the one in braces, else the title in lower case with hyphens."""
    title: str
    lines: tuple[str, ...]
    line: int
    """Line of the heading, from 1; the first of `lines` is the next."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


class BadText(Exception):
    """One thing wrong at one line; `parse_text` gathers it into an `InvalidFile`."""

    def __init__(self, line: int, value: str, rule: str) -> None:
        self.problem = Problem(line, "", value, rule)
        super().__init__(str(self.problem))


def refused(file: str, problems: list[Problem]) -> InvalidFile:
    return InvalidFile(file, tuple(problems), REMEDY)


def front_matter(lines: list[str]) -> tuple[dict[str, Any], int]:
    """The TOML between two lines of +++ at the file's beginning, and the number of lines it takes."""
    if not lines or lines[0].strip() != _FENCE:
        raise BadText(1, lines[0] if lines else "", f"must be {_FENCE}, where the front matter begins")
    for place, line in enumerate(lines[1:], start=1):
        if line.strip() == _FENCE:
            return _toml(lines[1:place]), place + 1
    raise BadText(1, _FENCE, f"opens a front matter that no second {_FENCE} closes")


def sections(lines: list[str], level: int, first_line: int) -> list[Section]:
    """The sections under headings of that level, 2 or 3; `first_line` is the number of the first of `lines`."""
    found: list[Section] = []
    start, name, title, fenced = 0, "", "", False
    for place, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading and len(heading[1]) == level:
            found.append(Section(name, title, tuple(lines[start:place]), first_line + start - 1))
            start, title = place + 1, heading[2]
            name = heading[3] or re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    found.append(Section(name, title, tuple(lines[start:]), first_line + start - 1))
    return found


def _toml(lines: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        where = _TOML_LINE.search(str(error))
        line = int(where[1]) if where else len(lines)
        value = lines[line - 1] if 0 < line <= len(lines) else ""
        raise BadText(line + 1, value, f"is not TOML ({_TOML_LINE.sub('', str(error)).strip()})") from None
