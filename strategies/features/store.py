"""Both halves together: rows are added once, and what becomes known moves from the one to the other."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from strategies.features.offline import OfflineStore
from strategies.features.online import OnlineStore
from strategies.features.view import KNOWN, FeatureView

if TYPE_CHECKING:
    import pandas as pd


class FeatureStore:
    """A feature store in a folder.

    >>> import pandas as pd, tempfile
    >>> view = FeatureView("airport", "origin", ("delay_min",))
    >>> store = FeatureStore(Path(tempfile.mkdtemp()))
    >>> noon, one = pd.Timestamp("2013-07-01 12:00"), pd.Timestamp("2013-07-01 13:00")
    >>> store.add(view, pd.DataFrame({"origin": ["JFK"], "event_at": [noon], "known_at": [one], "delay_min": [31.0]}))
    >>> asked = pd.DataFrame({"origin": ["JFK", "JFK"], "at": [noon, one]})
    >>> store.at(view, asked, "at")["delay_min"].tolist()
    [nan, 31.0]
    """

    def __init__(self, folder: Path) -> None:
        self.offline, self.online = OfflineStore(folder / "offline"), OnlineStore(folder / "online.db")
        self._kept: dict[str, tuple[pd.DataFrame, datetime | None]] = {}

    def add(self, view: FeatureView, rows: "pd.DataFrame") -> None:
        """Keep more rows, with the view's columns; `InvalidValue` for one that was known before it happened."""
        self.offline.add(view, rows)
        self._kept.pop(view.name, None)

    def at(self, view: FeatureView, asked: "pd.DataFrame", moment: str) -> "pd.DataFrame":
        """For training: what was known at each asked moment (`OfflineStore.at`)."""
        return self.offline.at(view, asked, moment)

    def materialise(self, view: FeatureView, until: datetime) -> int:
        """Move everything known by then to the online half; how many rows that were since the last time."""
        rows, since = self._kept.get(view.name) or (self.offline.rows(view), None)
        known = rows[KNOWN]
        fresh = rows[(known <= until) & (True if since is None else known > since)]
        if len(fresh):
            self.online.put(view, fresh)
        self._kept[view.name] = rows, until
        return len(fresh)

    def read(
        self, view: FeatureView, entities: Sequence[int | str], now: datetime
    ) -> Mapping[int | str, tuple[float, ...]]:
        """For serving: what is known now (`OnlineStore.read`)."""
        return self.online.read(view, entities, now)
