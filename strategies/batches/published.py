"""Looking up what a job computed: one answer by its key, or all of them as CSV. Every answer carries its age."""

import csv
import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.errors import DrydockError, InvalidValue
from strategies.batches.columns import COMPUTED_AT, PREDICTION, PROBABILITY, VERSION
from strategies.batches.manifest import About

Key = int | str
AGE = "age_s"


class UnknownKey(DrydockError):
    """No row with that key was predicted."""

    def __init__(self, name: str, key: Key, rows: int) -> None:
        self.name, self.key, self.rows = name, key, rows
        super().__init__(
            f"No prediction has {name} = {str(key)[:120]!r}; {rows:,} rows are there. "
            "It was not in the input of the last job, or was rejected: look into the rejects, or run the job again."
        )

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.name, self.key, self.rows)


@dataclass(frozen=True, slots=True)
class Found:
    """One answer that was computed beforehand."""

    key: Key
    prediction: str | float
    """The class's name, or the value."""
    probabilities: dict[str, float]
    """By class; empty for a regression."""
    version: str
    computed_at: datetime
    age_s: float
    """Seconds since it was computed."""


class Published:
    """An output, as it is now: once a job has replaced it, answers come from the new one.

    May be used from several threads. It holds the keys in memory, 16 bytes a row, unless they ascend through the file,
    as row numbers do; then it holds nothing.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] = (0, 0)
        self._edition: _Edition | None = None

    @property
    def about(self) -> About:
        """Model, counts and moment of the output."""
        return self._current().about

    def age_s(self) -> float:
        """Seconds since the output was computed."""
        return self._current().age_s()

    def find(self, key: Key) -> Found:
        """The answer to the row with that key; the last one, where several rows have it.

        Raises `UnknownKey`, and `InvalidValue` for a text where keys are numbers.
        """
        with self._lock:
            edition = self._current_locked()
            return edition.find(edition.typed(key))

    def csv(self) -> Iterator[str]:
        """All answers as CSV, a block of lines at a time, in the order of the rows, each with its age."""
        with self._lock:
            edition = self._current_locked()
        return edition.csv()

    def _current(self) -> "_Edition":
        with self._lock:
            return self._current_locked()

    def _current_locked(self) -> "_Edition":
        try:
            about = self._output.stat()
        except FileNotFoundError:
            raise InvalidValue("output", self._output.name, "is not there yet", "run the job that makes it") from None
        stamp = about.st_ino, about.st_mtime_ns
        if self._edition is None or stamp != self._stamp:
            self._edition, self._stamp = _Edition(self._output), stamp
        return self._edition


class _Edition:
    """One state of an output; the open file stays readable when it is replaced."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self.about = About.from_metadata(self._file.metadata.metadata, path.name)
        self._computed_at = datetime.fromisoformat(self.about.computed_at)
        kind = self._file.schema_arrow.field(self.about.key).type
        self._is_number = pa.types.is_integer(kind)
        self._kind = pa.int64() if self._is_number else pa.string()
        place = self._file.schema_arrow.get_field_index(self.about.key)
        statistics = [self._file.metadata.row_group(i).column(place).statistics for i in range(self._groups)]
        self._bounds = _ascending(statistics) if self._is_number else None
        self._index = None if self._bounds is not None else self._indexed()

    @property
    def _groups(self) -> int:
        return int(self._file.metadata.num_row_groups)

    def age_s(self) -> float:
        return time.time() - self._computed_at.timestamp()

    def typed(self, key: Key) -> Key:
        if not self._is_number:
            return str(key)
        try:
            number = int(key)
        except ValueError:
            rule, remedy = "must be a whole number", f"send a value of {self.about.key}"
            raise InvalidValue(self.about.key, str(key)[:120], rule, remedy) from None
        if not -(2**63) <= number < 2**63:
            raise UnknownKey(self.about.key, key, self.about.rows_out)
        return number

    def find(self, key: Key) -> Found:
        for group in self._groups_with(key):
            table = self._file.read_row_group(group)
            at = np.flatnonzero(pc.equal(table[self.about.key].cast(self._kind), key).to_numpy(zero_copy_only=False))
            if len(at):
                return self._answer(table.slice(int(at[-1]), 1).to_pylist()[0])
        raise UnknownKey(self.about.key, key, self.about.rows_out)

    def csv(self) -> Iterator[str]:
        age_s = f"{self.age_s():.3f}"
        yield _line([*self._file.schema_arrow.names, AGE])
        for batch in self._file.iter_batches(8_192):
            columns = [_cells(column) for column in batch.columns]
            yield "".join(_line([*row, age_s]) for row in zip(*columns, strict=True))

    def _groups_with(self, key: Key) -> Iterator[int]:
        """Row groups that may hold the key, the last first."""
        if self._bounds is not None:
            low, high = self._bounds
            if isinstance(key, int):
                yield from np.flatnonzero((low <= key) & (key <= high))[::-1].tolist()
        elif self._index is not None:
            hashes, groups = self._index
            wanted = _hashes(pa.array([key], self._kind))[0]
            first, last = (int(np.searchsorted(hashes, wanted, side)) for side in ("left", "right"))
            yield from sorted({int(group) for group in groups[first:last]}, reverse=True)

    def _indexed(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Hash of every key and its row group, by hash."""
        hashes, groups = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
        for group in range(self._groups):
            keys = self._file.read_row_group(group, columns=[self.about.key])[self.about.key].cast(self._kind)
            hashes.append(_hashes(keys.combine_chunks()))
            groups.append(np.full(len(keys), group, np.int32))
        every, of = np.concatenate(hashes), np.concatenate(groups)
        order = np.argsort(every, kind="stable")
        return every[order], of[order]

    def _answer(self, row: dict[str, Any]) -> Found:
        probabilities = {name[len(PROBABILITY) :]: v for name, v in row.items() if name.startswith(PROBABILITY)}
        return Found(
            row[self.about.key], row[PREDICTION], probabilities if self.about.task != "regression" else {},
            row[VERSION], row[COMPUTED_AT].astimezone(UTC), self.age_s(),
        )  # fmt: skip


def _ascending(statistics: list[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Smallest and largest key of each row group where groups do not overlap; else None."""
    if not all(found is not None and found.has_min_max for found in statistics):
        return None
    low, high = (np.array([getattr(found, name) for found in statistics], np.int64) for name in ("min", "max"))
    return (low, high) if np.all(low[1:] > high[:-1]) else None


def _hashes(keys: pa.Array) -> NDArray[np.uint64]:
    from pandas.util import hash_array

    if pa.types.is_integer(keys.type):
        return hash_array(keys.to_numpy(zero_copy_only=False))
    return hash_array(np.asarray(keys.to_pylist(), object), categorize=False)


def _cells(column: pa.Array) -> list[Any]:
    if pa.types.is_floating(column.type):
        # As few digits as tell a float32 apart.
        return [str(value) for value in column.to_numpy(zero_copy_only=False)]
    if pa.types.is_timestamp(column.type):
        return [value.isoformat() for value in column.to_pylist()]
    return list(column.to_pylist())


def _line(cells: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
