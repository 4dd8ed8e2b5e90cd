"""Inline: in the job's own process. For a job of one chunk, starting a worker would take longer than the work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from strategies.batches.chunking import Chunk
from strategies.batches.computing import Computer
from strategies.batches.engines.contract import Crew, Engine, Spent
from strategies.batches.loops import Loop
from strategies.batches.parts import Part
from strategies.batches.spec import ComputeSpec


class Inline(Engine):
    summary = "In the job's own process, one chunk after the other."

    @contextmanager
    def start(self, workers: int) -> Iterator[Crew]:  # noqa: ARG002 - it is the one worker
        yield _Alone()


class _Alone(Crew):
    def try_loops(self, spec: ComputeSpec, chunk: Chunk, threads: int) -> Loop:
        return Loop.from_dict(Computer(spec).try_loops(chunk, threads))

    def compute(self, spec: ComputeSpec, chunks: Sequence[Chunk]) -> Iterator[Part | None]:
        own = Computer(spec)
        return (own.compute(chunk) for chunk in chunks)

    def spent(self) -> Spent:
        return Spent(0.0, 0)
