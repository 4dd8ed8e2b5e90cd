"""What both versions answered to the rows of a batch, and whose answer each row has so far."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from strategies.batches.columns import PREDICTION, VERSION, output_names
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.runtime import headline
from strategies.releases.batched.report import Disagreement, disagreement
from strategies.releases.batched.staging import ROW
from strategies.releases.evidence import ANSWER_BINS, BUCKETS, Arms, Pairs, Tally
from strategies.releases.live.harm import labels_of
from strategies.releases.router.answers import Reader, decile_edges

Mask = NDArray[np.bool_]


class Book:
    """One entry a row of the input, in its order. Arrays are (rows,) or (rows, outputs)."""

    def __init__(self, rows: int, old: ModelPackage, new: ModelPackage, truth: NDArray[Any] | None) -> None:
        self.manifest: Manifest = old.manifest
        self._versions = old.version, new.version
        width = len(old.manifest.outputs)
        self.old, self.new = (np.full((rows, width), np.nan, np.float32) for _ in range(2))
        self.by_new = np.zeros(rows, np.bool_)
        """Rows whose answer the new version gives."""
        self.failed = np.zeros(rows, np.bool_)
        """Rows that were the new version's, and which it did not answer."""
        self._truth = truth
        self._reader: Reader | None = None

    def put(self, outputs: NDArray[np.float32], answers: pa.Table | None) -> None:
        """Take in answers for the old or the new version (`outputs` is `self.old` or `self.new`)."""
        if answers is not None:
            rows = answers[ROW].to_numpy() - 1
            outputs[rows] = np.stack([answers[name].to_numpy() for name in output_names(self.manifest)], axis=1)

    @property
    def readable(self) -> Mask:
        """Rows that are such as the model can read; the others nobody answers."""
        return ~np.isnan(self.old[:, 0])

    @property
    def answered(self) -> Mask:
        """Rows that both versions answered."""
        return self.readable & ~np.isnan(self.new[:, 0])

    def differs(self) -> Mask:
        """Rows that both answered, and otherwise."""
        both = np.flatnonzero(self.answered)
        found = np.zeros(len(self.old), np.bool_)
        one, other = self._said(self.old[both]), self._said(self.new[both])
        found[both] = [not self.reader.same(a, b) for a, b in zip(one, other, strict=True)]
        return found

    @property
    def reader(self) -> Reader:
        """Made of the old version's first answers."""
        if self._reader is None:
            answers = headline(self.old[self.readable], self.manifest.task)
            edges = () if self.manifest.task == "multiclass" else decile_edges(answers.tolist())
            self._reader = Reader(edges)
        return self._reader

    def window(self, compared_old: Mask, compared_new: Mask, mirrored: bool) -> Arms:
        """What a policy sees of a slice: the rows of either arm, as masks over all rows."""
        old, new = compared_old & self.readable, compared_new & self.readable
        pairs = self._pairs(new & self.answered) if mirrored else Pairs()
        return Arms(self._tally(self.old, old, not mirrored), self._tally(self.new, new, not mirrored), pairs)

    def _tally(self, outputs: NDArray[np.float32], mine: Mask, labelled: bool) -> Tally:
        good = mine & ~np.isnan(outputs[:, 0])
        bins = [self.reader.bin_of(value) for value in headline(outputs[good], self.manifest.task).tolist()]
        n = int(good.sum()) if labelled and self._truth is not None else 0
        answers = np.bincount(bins, minlength=ANSWER_BINS).astype(np.int64)
        wrong = int(self._wrong(outputs, good).sum()) if n else 0
        requests = int(mine.sum())
        return Tally(requests, requests - int(good.sum()), np.zeros(BUCKETS, np.int64), answers, n, wrong)

    def _pairs(self, both: Mask) -> Pairs:
        n, differing = int(both.sum()), int((self.differs() & both).sum())
        if self._truth is None:
            return Pairs(n, differing)
        old, new = self._wrong(self.old, both), self._wrong(self.new, both)
        return Pairs(n, differing, n, int((new & ~old).sum()), int((old & ~new).sum()))

    def _wrong(self, outputs: NDArray[np.float32], mine: Mask) -> Mask:
        """Of these rows, whether the answer is not the truth. (rows in `mine`,)"""
        assert self._truth is not None
        said = self._said(outputs[mine])
        pairs = zip(said, self._truth[mine].tolist(), strict=True)
        return np.array([not self.reader.same(a, b) for a, b in pairs], np.bool_)

    def _said(self, outputs: NDArray[np.float32]) -> list[str | float]:
        return labels_of(outputs, self.manifest)

    def served(self) -> dict[str, int]:
        """Rows that are the new version's so far, and how many of them are bad."""
        wrong = int((self.differs() & self.by_new).sum())
        return {
            "new": int(self.by_new.sum()) + int(self.failed.sum()), "failed": int(self.failed.sum()), "wrong": wrong,
            "late": 0,
        }  # fmt: skip

    def report(self, staged: Path) -> Disagreement | None:
        """On every row that both answered; None where there is none."""
        from strategies.batches.checking import check

        both = self.answered
        if not both.any():
            return None
        table = pq.read_table(staged).sort_by(ROW).filter(pa.array(both))
        x = check(table, self.manifest.schema, "", np.arange(1, table.num_rows + 1)).x
        old, new = (np.array(self._said(outputs[both])) for outputs in (self.old, self.new))
        return disagreement(np.flatnonzero(both) + 1, old, new, self.differs()[both], x, self.manifest.schema)

    def table(self, key: str = "row") -> pa.Table:
        """The batch's output: each row that could be read, with its answer and the version that gave it."""
        rows = np.flatnonzero(self.readable)
        outputs = np.where(self.by_new[rows, None], self.new[rows], self.old[rows])
        columns: dict[str, Any] = {key: rows + 1}
        if self.manifest.task != "regression":
            columns[PREDICTION] = [str(label) for label in self._said(outputs)]
        for place, name in enumerate(output_names(self.manifest)):
            columns[name] = outputs[:, place]
        columns[VERSION] = np.where(self.by_new[rows], self._versions[1], self._versions[0])
        return pa.table(columns)
