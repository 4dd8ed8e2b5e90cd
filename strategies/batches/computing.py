"""What every worker does, in whatever process, on whatever machine: a chunk of rows in, a part file out."""

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from strategies.batches.arrays import numeric
from strategies.batches.checking import Checked, check
from strategies.batches.chunking import Chunk
from strategies.batches.columns import answers, output_names
from strategies.batches.loops import load_runtime, predict_all
from strategies.batches.parts import Part, write_part
from strategies.batches.source import Reader
from strategies.batches.spec import ComputeSpec
from strategies.batches.trial import try_out
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import Predictor

Dress = Callable[[ModelPackage, Predictor], Predictor]


def _plain(_: ModelPackage, predictor: Predictor) -> Predictor:
    return predictor


_dress: Dress = _plain


def dress_with(dress: Dress) -> None:
    """In this process, from now on, let this change what the models that are loaded answer."""
    global _dress
    _dress = dress


class Computer:
    """Reads, checks and predicts for one job."""

    def __init__(self, spec: ComputeSpec) -> None:
        self._spec = spec
        self._package = ModelPackage.open(Path(spec.package))
        schema = self._package.manifest.schema
        wanted = [*schema.names, *([spec.key] if spec.key and spec.key not in schema.names else [])]
        by_code = [
            feature.name for feature in schema.features if feature.kind == "category" and feature.name != spec.key
        ]
        self._reader = Reader(Path(spec.source), wanted, by_code)
        loop = spec.loop
        self._predictor = (
            None if loop is None else _dress(self._package, load_runtime(self._package, loop.runtime, loop.threads))
        )

    def compute(self, chunk: Chunk) -> Part:
        """Predict a chunk and keep the part."""
        loop = self._spec.loop
        assert loop is not None
        assert self._predictor is not None
        checked, keys = self._checked(chunk)
        if len(checked.x):
            outputs = predict_all(self._predictor, checked.x, loop.slice_rows)
        else:
            outputs = np.empty((0, len(output_names(self._package.manifest))), np.float32)
        table = answers(self._spec.key, keys, outputs, self._package.manifest)
        rejected = int(len(checked.good) - len(checked.x))
        return write_part(Path(self._spec.parts), chunk.number, table, checked.rejects, rejected)

    def try_loops(self, chunk: Chunk, threads: int) -> dict[str, Any]:
        """The loop that a trial on the chunk's rows chooses, as a dict."""
        checked, _ = self._checked(chunk)
        # All rows of a chunk may be bad; any row will do to see how long one takes.
        width = len(self._package.manifest.schema)
        rows = checked.x if len(checked.x) else np.zeros((1_024, width), np.float32)
        return try_out(self._package, rows, threads).to_dict()

    def _checked(self, chunk: Chunk) -> tuple[Checked, Any]:
        table, row_numbers = self._reader.read(chunk)
        schema, key = self._package.manifest.schema, self._spec.key
        checked = check(table, schema, key, row_numbers)
        if key:
            column = table[key].combine_chunks()
            keys = column.dictionary_decode() if hasattr(column, "dictionary_decode") else column
        else:
            keys = numeric(row_numbers)
        return checked, keys if checked.good.all() else keys.take(numeric(np.flatnonzero(checked.good)))


@lru_cache(maxsize=16)
def _computer(spec: ComputeSpec, thread: int) -> Computer:  # noqa: ARG001 - a reader serves one thread
    return Computer(spec)


def computer(spec: ComputeSpec) -> Computer:
    """This thread's computer for a job, made once; a cluster's workers may run several threads."""
    return _computer(spec, threading.get_ident())


def compute_chunks(spec: dict[str, Any], chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Predict chunks that lie together; plain values in and out."""
    own = computer(ComputeSpec.from_dict(spec))
    return [own.compute(Chunk.from_dict(chunk)).to_dict() for chunk in chunks]


def try_loops(spec: dict[str, Any], chunk: dict[str, Any], threads: int) -> dict[str, Any]:
    """Choose the loop for a job on one of its chunks; plain values in and out."""
    return computer(ComputeSpec.from_dict(spec)).try_loops(Chunk.from_dict(chunk), threads)
