"""What a row holds: names, types and categories of the features, and how a row becomes the numbers a model reads.

Every model in Drydock reads one float32 matrix. Numbers go in as they are, a category as the index of its name, a
missing value as NaN; the model's own pipeline does the rest (one-hot, scaling, imputing), so that training and every
way of serving share it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import InvalidValue

FeatureKind = Literal["number", "category"]


@dataclass(frozen=True, slots=True)
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

    def code(self, value: object) -> float:
        """The number a model reads for `value`; `InvalidValue` names what is wrong with it."""
        if value is None:
            return self._missing()
        return self._category_code(value) if self.kind == "category" else self._number(value)

    def _missing(self) -> float:
        if not self.nullable:
            raise InvalidValue(self.name, None, "must be given", f"send {self._wanted()}")
        return math.nan

    def _category_code(self, value: object) -> float:
        if not isinstance(value, str) or value not in self.categories:
            raise InvalidValue(self.name, value, "is not a known category", f"send {self._wanted()}")
        return float(self.categories.index(value))

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidValue(self.name, value, "must be a number", f"send {self._wanted()}")
        try:
            number = float(np.float32(value))
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


@dataclass(frozen=True, slots=True)
class Schema:
    """The features of a row, in the order of the model's columns."""

    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        names = self.names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InvalidValue("features", repeated, "are named twice", "give each feature a name of its own")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def __len__(self) -> int:
        return len(self.features)

    def encode_record(self, record: Mapping[str, object]) -> NDArray[np.float32]:
        """One row as a model reads it.

        Raises `InvalidValue` for a missing, unknown or unusable value; the error's `name` is the feature's.
        """
        unknown = [name for name in record if name not in self.names]
        if unknown:
            raise InvalidValue(unknown[0], record[unknown[0]], "is not a feature", f"send only {', '.join(self.names)}")
        codes = [feature.code(record.get(feature.name)) for feature in self.features]
        return np.array(codes, dtype=np.float32)  # (features,)

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """All rows of a table as a model reads them, column by column.

        Unlike `encode_record` it reads a category that the schema does not know as missing: training data is checked
        by the dataset's own contract beforehand.
        """
        columns = [_encode_column(frame[feature.name], feature) for feature in self.features]
        return np.stack(columns, axis=1) if columns else np.empty((len(frame), 0), np.float32)  # (rows, features)

    def decode(self, row: Sequence[float] | NDArray[np.float32]) -> dict[str, object]:
        """The record that `encode_record` would turn into `row`."""
        return {feature.name: _decode(value, feature) for feature, value in zip(self.features, row, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        return {"features": [asdict(feature) for feature in self.features]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Schema":
        return cls(tuple(Feature(**{**f, "categories": tuple(f.get("categories", ()))}) for f in value["features"]))

    @classmethod
    def infer(cls, frame: pd.DataFrame, columns: Iterable[str] | None = None) -> "Schema":
        """A schema read off a table: numeric and boolean columns are numbers, all others categories."""
        return cls(tuple(_infer(frame[name]) for name in (columns if columns is not None else frame.columns)))


def _encode_column(column: pd.Series, feature: Feature) -> NDArray[np.float32]:
    if feature.kind == "number":
        return column.to_numpy(dtype=np.float32, na_value=np.nan)
    codes = pd.Categorical(column.astype("object"), categories=list(feature.categories)).codes.astype(np.float32)
    codes[codes < 0] = np.nan
    return codes


def _decode(value: float, feature: Feature) -> object:
    if math.isnan(value):
        return None
    return feature.categories[int(value)] if feature.kind == "category" else float(value)


def _infer(column: pd.Series) -> Feature:
    nullable = bool(column.isna().any())
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return Feature(str(column.name), "number", nullable=nullable)
    names = tuple(sorted(str(value) for value in column.dropna().unique()))
    return Feature(str(column.name), "category", names, nullable=nullable)
