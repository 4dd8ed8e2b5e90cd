"""What a row holds: names, types and categories of the features, and how a row becomes the numbers a model reads.

Every model in Drydock reads one float32 matrix. Numbers go in as they are, a category as the index of its name, a
missing value as NaN; the model's own pipeline does the rest (one-hot, scaling, imputing), so that training and every
way of serving share it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidRow, InvalidValue

if TYPE_CHECKING:  # only training reads tables: a server or a cold function must not wait a second for this import
    import pandas as pd

FeatureKind = Literal["number", "category"]


@dataclass(frozen=True)
class Feature:
    """One column that a model reads."""

    name: str
    kind: FeatureKind = "number"
    categories: tuple[str, ...] = ()
    """Names a category may take, in the order of their codes; empty for a number."""
    nullable: bool = False
    """Whether a row may leave it out; otherwise a missing value is refused."""
    description: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        if self.kind == "category" and not self.categories:
            raise InvalidValue(f"categories of {self.name}", (), "must not be empty", "list the names it may take")
        if len(set(self.categories)) < len(self.categories):
            raise InvalidValue(f"categories of {self.name}", self.categories, "repeat a name", "give each name once")

    @cached_property
    def codes(self) -> Mapping[str, float]:
        """Each category's name and the number a model reads for it."""
        return {name: float(code) for code, name in enumerate(self.categories)}

    def code(self, value: object) -> float:
        """The number a model reads for `value`, a float32; `InvalidValue` names what is wrong with it."""
        if value is None:
            return self._missing()
        return self._category_code(value) if self.kind == "category" else self._number(value)

    def _missing(self) -> float:
        if not self.nullable:
            raise InvalidValue(self.name, None, "must be given", f"send {self._wanted()}")
        return math.nan

    def _category_code(self, value: object) -> float:
        code = self.codes.get(value) if isinstance(value, str) else None
        if code is None:
            raise InvalidValue(self.name, value, "is not a known category", f"send {self._wanted()}")
        return code

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidValue(self.name, value, "must be a number", f"send {self._wanted()}")
        try:
            number: float = struct.unpack("=f", struct.pack("=f", float(value)))[0]
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InvalidValue(self.name, value, "must be finite and within float32", f"send {self._wanted()}")
        return number

    def _wanted(self) -> str:
        if self.kind == "category":
            shown = ", ".join(self.categories[:12]) + (", …" if len(self.categories) > 12 else "")
            return f"one of {shown}"
        return f"a number{f' in {self.unit}' if self.unit else ''}"


@dataclass(frozen=True)
class Schema:
    """The features of a row, in the order of the model's columns."""

    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        names = self.names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InvalidValue("features", repeated, "are named twice", "give each feature a name of its own")

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def __len__(self) -> int:
        return len(self.features)

    def encode_record(self, record: Mapping[str, object]) -> NDArray[np.float32]:
        """One row as a model reads it, from a value for each feature's name.

        Raises `InvalidValue` for a missing, unknown or unusable value; the error's `name` is the feature's.
        """
        buffer = bytearray(4 * len(self.features))
        self._write_record(record, buffer, 0)
        return np.frombuffer(buffer, np.float32)  # (features,)

    def encode_records(self, records: Sequence[Mapping[str, object]]) -> NDArray[np.float32]:
        """Many rows, each a value for each feature's name.

        Raises `InvalidRow` with the first unusable row's index and what `encode_record` says of it.
        """
        return self._encode_all(records, self._write_record)  # (rows, features)

    def encode_rows(self, rows: Sequence[Sequence[object]]) -> NDArray[np.float32]:
        """Many rows, each the features' values in the schema's order.

        Raises `InvalidRow` with the first unusable row's index and what `encode_record` says of it.
        """
        return self._encode_all(rows, self._write_row)  # (rows, features)

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """All rows of a table as a model reads them, column by column.

        Unlike `encode_record` it reads a category that the schema does not know as missing: training data is checked
        by the dataset's own contract beforehand.
        """
        encoded = np.empty((len(frame), len(self.features)), np.float32)
        for place, feature in enumerate(self.features):
            encoded[:, place] = _encode_column(frame[feature.name], feature)
        return encoded  # (rows, features)

    def decode(self, row: Sequence[float] | NDArray[np.float32]) -> dict[str, object]:
        """The record that `encode_record` would turn into `row`."""
        return {feature.name: _decode(value, feature) for feature, value in zip(self.features, row, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        return {"features": [asdict(feature) for feature in self.features]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Schema:
        return cls(tuple(Feature(**{**f, "categories": tuple(f.get("categories", ()))}) for f in value["features"]))

    @classmethod
    def infer(cls, frame: pd.DataFrame, columns: Iterable[str] | None = None) -> Schema:
        """A schema read off a table: numeric and boolean columns are numbers, all others categories."""
        return cls(tuple(_infer(frame[name]) for name in (columns if columns is not None else frame.columns)))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def _tables(self) -> tuple[tuple[int, Mapping[str, float]], ...]:
        """Column and codes of each category."""
        return tuple(
            (place, feature.codes) for place, feature in enumerate(self.features) if feature.kind == "category"
        )

    def _encode_all(self, rows: Sequence[Any], write: Callable[[Any, bytearray, int], None]) -> NDArray[np.float32]:
        width = 4 * len(self.features)
        buffer = bytearray(width * len(rows))
        for index, row in enumerate(rows):
            try:
                write(row, buffer, index * width)
            except InvalidValue as error:
                raise InvalidRow(index, error.name, error.value, error.rule, error.remedy) from None
        return np.frombuffer(buffer, np.float32).reshape(len(rows), len(self.features))

    def _write_record(self, record: Mapping[str, object], buffer: bytearray, offset: int) -> None:
        if not isinstance(record, Mapping):
            raise InvalidValue("row", record, "must give each value by its name", f"send {self._all_names()}")
        if len(record) == len(self.features):
            try:
                values = [record[name] for name in self.names]
            except KeyError:
                values = []
            if self._write_usual(values, buffer, offset):
                return
        unknown = [name for name in record if name not in self._places]
        if unknown:
            raise InvalidValue(str(unknown[0]), record[unknown[0]], "is not a feature", f"send {self._all_names()}")
        self._write_any([record.get(name) for name in self.names], buffer, offset)

    def _write_row(self, row: Sequence[object], buffer: bytearray, offset: int) -> None:
        if not isinstance(row, list | tuple):
            raise InvalidValue("row", row, "must list its values in order", f"send {self._all_names()}")
        if self._write_usual(list(row), buffer, offset):
            return
        if len(row) != len(self.features):
            raise InvalidValue(
                "number of values", len(row), f"must be {len(self.features)}", f"send {self._all_names()}"
            )
        self._write_any(row, buffer, offset)

    def _write_usual(self, values: list[Any], buffer: bytearray, offset: int) -> bool:
        """Write a row that is whole and right in one go; False, with nothing promised, for any other.

        Services do this thousands of times a second, so it judges the row as a whole and leaves it to `_write_any`
        to find out which value is wrong.
        """
        try:
            for place, codes in self._tables:
                values[place] = codes[values[place]]
            if not set(map(type, values)) <= _USUAL_TYPES:
                return False
            struct.pack_into(self._format, buffer, offset, *values)
        except (IndexError, KeyError, TypeError, OverflowError, struct.error):
            return False
        # What was packed is at most float32's largest in size, so only an infinity or NaN makes the sum not finite.
        return math.isfinite(sum(values))

    def _write_any(self, values: Sequence[object], buffer: bytearray, offset: int) -> None:
        codes = [feature.code(value) for feature, value in zip(self.features, values, strict=True)]
        struct.pack_into(self._format, buffer, offset, *codes)

    @cached_property
    def _format(self) -> str:
        return f"={len(self.features)}f"

    def _all_names(self) -> str:
        more = ", …" if len(self.names) > 20 else ""
        return f"only {', '.join(self.names[:20])}{more}"


_USUAL_TYPES = frozenset({int, float})  # exactly: a bool is an int to isinstance, and no number to us


def _encode_column(column: pd.Series, feature: Feature) -> NDArray[np.float32]:
    import pandas as pd

    if feature.kind == "number":
        return column.to_numpy(dtype=np.float32, na_value=np.nan)
    found = pd.Categorical(column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("object"))
    wanted = [feature.codes.get(name, math.nan) for name in found.categories]
    table: NDArray[np.float32] = np.array(
        [*wanted, math.nan], np.float32
    )  # the last is what a missing value's code, -1, picks
    return np.take(table, found.codes, mode="wrap")


def _decode(value: float, feature: Feature) -> object:
    if math.isnan(value):
        return None
    return feature.categories[int(value)] if feature.kind == "category" else float(value)


def _infer(column: pd.Series) -> Feature:
    import pandas as pd

    nullable = bool(column.isna().any())
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return Feature(str(column.name), "number", nullable=nullable)
    names = tuple(sorted(str(value) for value in column.dropna().unique()))
    return Feature(str(column.name), "category", names, nullable=nullable)
