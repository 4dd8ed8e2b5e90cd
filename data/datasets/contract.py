"""The contract of a dataset: where it comes from, what a row means and which decision it serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data.discovery import kind_name
from data.schema import Schema

if TYPE_CHECKING:  # whatever serves a model knows its task and needs no tables
    import pandas as pd
    import pandera.pandas as pa

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can be predicted from a dataset."""

    column: str
    task: Task
    description: str
    unit: str = ""
    """Unit of a regression target; empty for a class."""
    classes: tuple[str, ...] = ()
    """Names of the classes in the order of their index, which is what the column holds: 0, 1, …

    Empty for a regression. For a binary target the last, index 1, is the positive one."""


class Dataset(ABC):
    """One file in data/datasets/ is one dataset; its file's name is its name."""

    title: str
    description: str
    """Two or three sentences: what a row is, and the decision that a prediction serves."""
    source: str
    licence: str
    content_hash: str
    """SHA-256 of the stored file's bytes, in hex; checked at load."""
    schema: Schema
    """The features, in the order in which a model reads them."""
    targets: tuple[Target, ...]
    """What can be predicted; the first is the default."""
    contract: pa.DataFrameSchema
    """What every row satisfies; checked at load."""
    time_column: str | None = None
    """Column to split by when order matters: train on the past, test on what came later."""
    group_column: str | None = None
    """Column whose rows belong together (one person's choices) and must not be parted by a split."""

    @property
    def name(self) -> str:
        """What a scenario calls it."""
        return kind_name(type(self))

    @abstractmethod
    def load(self) -> pd.DataFrame:
        """All rows with features, targets, time and group columns, checked against hash and contract.

        Quick from the second call on in a process; the caller may change the table it gets. No target is missing."""
