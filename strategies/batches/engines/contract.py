"""The contract of an engine: it gets chunks computed, somewhere, and hands each part back as it is finished."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

from data.errors import DrydockError
from strategies.batches.chunking import Chunk
from strategies.batches.loops import Loop
from strategies.batches.parts import Part
from strategies.batches.spec import ComputeSpec


class WorkerLost(DrydockError):
    """Workers died again and again over the same chunks; the job's finished parts are kept."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What an engine's own processes took so far; None where it cannot know."""

    cpu_s: float | None = None
    peak_bytes: int | None = None
    """Sum of each process's own peak, so at least what they ever held at once."""


class Crew(ABC):
    """Workers that are ready."""

    @abstractmethod
    def try_loops(self, spec: ComputeSpec, chunk: Chunk, threads: int) -> Loop:
        """Have one worker choose the predict loop."""

    @abstractmethod
    def compute(self, spec: ComputeSpec, chunks: Sequence[Chunk]) -> Iterator[Part | None]:
        """Compute all chunks, in any order, and give each part as it is done.

        Gives None several times a second while there is nothing, so that the caller can look whether to stop.
        """

    @abstractmethod
    def spent(self) -> Spent:
        """What its processes took so far, those that ended included."""


class Engine(ABC):
    """One file in this folder is one engine; the file's name is its name."""

    summary: ClassVar[str]

    @abstractmethod
    def start(self, workers: int) -> AbstractContextManager[Crew]:
        """Start that many workers; the context's end stops them, whatever they are doing."""


def neighbours(chunks: Sequence[Chunk]) -> list[list[Chunk]]:
    """Chunks in runs that lie in the same row groups, which one reader passes through in one go."""
    runs: list[list[Chunk]] = []
    for chunk in chunks:
        if runs and runs[-1][-1].groups == chunk.groups:
            runs[-1].append(chunk)
        else:
            runs.append([chunk])
    return runs
