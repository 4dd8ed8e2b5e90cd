"""Part files: what one chunk came to, in one file whose name carries its hash.

A part appears whole, by a rename, or not at all, and what a crash or a full disk left of one is told by its hash. It
holds two Arrow streams after each other: the answers, and the rejected cells.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class Part:
    """One finished chunk."""

    chunk: int
    file: str
    """Name of its file in the parts' folder."""
    rows: int
    """Rows that were answered."""
    rejected: int
    """Rows that could not be."""

    def to_dict(self) -> dict[str, Any]:
        return {"chunk": self.chunk, "file": self.file, "rows": self.rows, "rejected": self.rejected}


def write_part(folder: Path, chunk: int, answers: pa.Table, rejects: pa.Table, rejected: int) -> Part:
    """Keep what a chunk came to."""
    sink = pa.BufferOutputStream()
    for table in (answers, rejects):
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    content = sink.getvalue()
    # Who writes the same chunk at the same moment (it was given to a second worker) writes the same bytes.
    name = f"{chunk:08d}-{answers.num_rows}-{rejected}-{hashlib.sha256(content).hexdigest()}{_SUFFIX}"
    draft = folder / f".{chunk:08d}.{secrets.token_hex(4)}.partial"
    draft.write_bytes(content)
    draft.replace(folder / name)
    return Part(chunk, name, answers.num_rows, rejected)


def read_part(folder: Path, part: Part) -> tuple[pa.Table, pa.Table]:
    """The answers and the rejected cells of a chunk."""
    source = pa.BufferReader((folder / part.file).read_bytes())
    with pa.ipc.open_stream(source) as stream:
        answers = stream.read_all()
    with pa.ipc.open_stream(source) as stream:
        rejects = stream.read_all()
    return answers, rejects


def find_parts(folder: Path) -> Iterator[Part]:
    """The parts that are there, by their names alone."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with suppress(ValueError):
            chunk, rows, rejected, _ = path.stem.split("-")
            yield Part(int(chunk), path.name, int(rows), int(rejected))


def sound_parts(folder: Path) -> dict[int, Part]:
    """The parts that are there and are what was written, by chunk; whatever else is there is removed."""
    found: dict[int, Part] = {}
    for part in find_parts(folder):
        path = folder / part.file
        if part.chunk not in found and path.stem.rpartition("-")[2] == hashlib.sha256(path.read_bytes()).hexdigest():
            found[part.chunk] = part
    kept = {part.file for part in found.values()}
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
    return found
