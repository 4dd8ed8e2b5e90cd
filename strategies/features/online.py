"""The online half: the latest value of each feature by entity, in SQLite, for answers within a request."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from strategies.features.view import EVENT, FeatureView

if TYPE_CHECKING:
    import pandas as pd


class OnlineStore:
    """One file; a view is a table with a row for each entity."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, view: FeatureView, rows: "pd.DataFrame") -> None:
        """Take in rows in the order in which they became known; one about an older event changes nothing."""
        features = list(view.features)
        values = zip(
            rows[view.entity].tolist(),
            rows[EVENT].astype("datetime64[s]").astype("int64").tolist(),
            *(rows[name].tolist() for name in features),
            strict=True,
        )
        names = _listed(view.entity, EVENT, *features)
        marks = ", ".join("?" * (2 + len(features)))
        sets = ", ".join(f'"{name}" = excluded."{name}"' for name in (EVENT, *features))
        with closing(self._open(view)) as database, database:
            database.executemany(
                f'INSERT INTO "{view.name}" ({names}) VALUES ({marks}) ON CONFLICT ("{view.entity}") '
                f"DO UPDATE SET {sets} WHERE excluded.{EVENT} >= {EVENT}",
                values,
            )

    def read(
        self, view: FeatureView, entities: Sequence[int | str], now: datetime
    ) -> Mapping[int | str, tuple[float, ...]]:
        """The features of each entity at this moment; NaN where there are none, or they are too old.

        `now` without a time zone is taken as the rows' times were given.
        """
        names = _listed(view.entity, EVENT, *view.features)
        marks = ", ".join("?" * len(entities))
        with closing(self._open(view)) as database:
            found = database.execute(
                f'SELECT {names} FROM "{view.name}" WHERE "{view.entity}" IN ({marks})',
                list(entities),
            ).fetchall()
        now_s = now.replace(tzinfo=now.tzinfo or UTC).timestamp()
        missing = (float("nan"),) * len(view.features)
        fresh = {row[0]: _floats(row[2:]) for row in found if now_s - row[1] <= view.max_age_s}
        return {entity: fresh.get(entity, missing) for entity in entities}

    def _open(self, view: FeatureView) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path)
        database.execute("PRAGMA synchronous = OFF")  # whatever a power cut takes can be materialised again
        columns = ", ".join(f'"{name}" REAL' for name in view.features)
        database.execute(
            f'CREATE TABLE IF NOT EXISTS "{view.name}" ("{view.entity}" PRIMARY KEY, {EVENT} INTEGER NOT NULL, '
            f"{columns})"
        )
        return database


def _listed(*names: str) -> str:
    """Names between quotes: a word of SQL may be among them."""
    return ", ".join(f'"{name}"' for name in names)


def _floats(values: Iterable[float | None]) -> tuple[float, ...]:
    """SQLite keeps NaN as NULL."""
    return tuple(float("nan") if value is None else float(value) for value in values)
