"""Which lesson contains which topic of the texts that the course is made of."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("coverage.toml")


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of a source: something that it explains, shows or tabulates."""

    name: str
    title: str
    source: str
    """Who wrote it, and under which title."""
    lessons: tuple[str, ...]
    words: tuple[str, ...]
    """What the lessons' texts must say for the topic to be there, in any case of letters."""


@cache
def topics() -> Mapping[str, Topic]:
    """All of them, by name, in the order of their sources."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Topic(name, row["title"], found["sources"][row["source"]], tuple(row["lessons"]), tuple(row["words"]))
        for name, row in found["topics"].items()
    }


def topics_of(slug: str) -> tuple[Topic, ...]:
    """What that lesson must contain."""
    return tuple(topic for topic in topics().values() if slug in topic.lessons)
