"""A dataset whose rows ship with Drydock, as data/datasets/files/<name>.parquet."""

import hashlib
import io
from abc import ABC
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from data.datasets.contract import Dataset
from data.discovery import kind_name
from data.errors import InvalidValue

FILES = Path(__file__).with_name("files")


class Shipped(Dataset, ABC):
    """Reads its file once a process; hash and contract are checked then.

    A kind may supply `shape`, which makes of the rows as stored those that `load` gives.
    """

    def load(self) -> pd.DataFrame:
        return _loaded(type(self)).copy(deep=False)  # copy-on-write: a caller who changes it changes only its own

    def stored(self) -> pd.DataFrame:
        """The rows as the file holds them, which is as their source published them; the hash is checked."""
        path = FILES / f"{kind_name(type(self))}.parquet"
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != self.content_hash:
            rule = f"is not the SHA-256 of the file that belongs here ({self.content_hash[:12]}…)"
            raise InvalidValue(path.name, f"{found[:12]}…", rule, "restore the file as it was shipped")
        rows: pd.DataFrame = pq.read_table(io.BytesIO(content)).to_pandas()
        return rows

    def shape(self, stored: pd.DataFrame) -> pd.DataFrame:
        """The rows to learn from, made of those that the file holds."""
        return stored


@cache
def _loaded(cls: type[Shipped]) -> pd.DataFrame:
    dataset = cls()
    return dataset.contract.validate(dataset.shape(dataset.stored()))
