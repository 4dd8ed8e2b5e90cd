"""How a file is cut into chunks: by its own row groups and the chunk size, and by nothing else.

Who computes a chunk, how many workers there are, and what was done before a crash do not move a boundary, so the output
is the same to the byte.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that are computed together and kept in one part file."""

    number: int
    """From 0, in the order of the rows."""
    groups: tuple[int, int]
    """The row groups that it lies in: from the first up to, not including, the second."""
    offset: int
    """Rows of those groups before its first."""
    rows: int
    first_row: int
    """Number of its first row in the file, from 0."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Chunk":
        return cls(**{**value, "groups": tuple(value["groups"])})


def chunks_of(group_rows: Sequence[int], chunk_rows: int) -> tuple[Chunk, ...]:
    """Cut a file into chunks of at most `chunk_rows` rows.

    A row group that is larger is cut by itself; smaller ones that follow each other share a chunk as long as they fit,
    so that a file of many tiny groups does not become as many tiny parts.
    """
    chunks: list[Chunk] = []
    begun, held, row = 0, 0, 0  # first group and rows of the chunk being gathered; rows cut so far

    def cut(until_group: int, rows: int) -> None:
        nonlocal row
        for offset in range(0, rows, chunk_rows):
            size = min(chunk_rows, rows - offset)
            chunks.append(Chunk(len(chunks), (begun, until_group), offset, size, row))
            row += size

    for group, rows in enumerate(group_rows):
        if held and held + rows > chunk_rows:
            cut(group, held)
            begun, held = group, 0
        held += rows
    cut(len(group_rows), held)
    return tuple(chunks)
