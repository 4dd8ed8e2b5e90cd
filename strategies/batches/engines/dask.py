"""Dask: the same chunks on a cluster; a local one is started where `DASK_SCHEDULER` names none.

The workers of a cluster need Drydock installed, and see input, package and output's folder under the same paths.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from data.errors import Unavailable
from strategies.batches.chunking import Chunk
from strategies.batches.computing import compute_chunks, try_loops
from strategies.batches.engines.contract import Crew, Engine, Spent, neighbours
from strategies.batches.loops import Loop
from strategies.batches.parts import Part
from strategies.batches.spec import ComputeSpec

SCHEDULER = "DASK_SCHEDULER"
CONNECT_TIMEOUT_S = 10.0
_CHUNKS_A_TASK = 8
_LOOK_EVERY_S = 0.02


class Dask(Engine):
    summary = "On Dask: worker processes on this machine, or the cluster whose scheduler DASK_SCHEDULER names."

    @contextmanager
    def start(self, workers: int) -> Iterator[Crew]:
        import distributed

        client_of: Any = distributed.Client

        with ExitStack() as undo:
            address = os.environ.get(SCHEDULER) or undo.enter_context(_local(workers))
            try:
                client = undo.enter_context(client_of(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False))
            except (OSError, TimeoutError) as error:
                raise Unavailable(
                    f"No Dask scheduler answers at {address} ({error})", f"start one there, or unset {SCHEDULER}"
                ) from None
            yield _Cluster(client)


def _local(workers: int) -> Any:
    import distributed

    cluster_of: Any = distributed.LocalCluster
    return cluster_of(
        n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
        worker_dashboard_address=None, silence_logs=50, memory_limit=0,
    )  # fmt: skip


class _Cluster(Crew):
    def __init__(self, client: Any) -> None:
        self._client = client

    def try_loops(self, spec: ComputeSpec, chunk: Chunk, threads: int) -> Loop:
        found = self._client.submit(try_loops, spec.to_dict(), chunk.to_dict(), threads, pure=False)
        return Loop.from_dict(found.result())

    def compute(self, spec: ComputeSpec, chunks: Sequence[Chunk]) -> Iterator[Part | None]:
        import distributed

        futures = [
            self._client.submit(compute_chunks, spec.to_dict(), [chunk.to_dict() for chunk in task], pure=False)
            for task in _tasks(chunks)
        ]
        as_completed: Any = distributed.as_completed
        completed = as_completed(futures, loop=self._client.loop)
        try:
            while not completed.is_empty():
                done = completed.next_batch(block=False)
                for future in done:
                    yield from (Part(**part) for part in future.result())
                if not done:
                    time.sleep(_LOOK_EVERY_S)
                    yield None
        finally:
            self._client.cancel(futures)

    def spent(self) -> Spent:
        return Spent()


def _tasks(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    for run in neighbours(chunks):
        yield from (run[start : start + _CHUNKS_A_TASK] for start in range(0, len(run), _CHUNKS_A_TASK))
