"""What a group of features is about, and the columns that its rows have."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import InvalidValue

if TYPE_CHECKING:
    import pandas as pd

EVENT, KNOWN = "event_at", "known_at"
"""When a value became true, and when it could first be read: an average of the last hour is known at its end."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class FeatureView:
    """Features of one kind of thing, such as of an airport.

    Raises `InvalidValue` for names that are no plain words, since they name files and tables.
    """

    name: str
    entity: str
    """Column that says whom a row is about; whole numbers or texts."""
    features: tuple[str, ...]
    """Columns with numbers."""
    max_age_s: float = math.inf
    """Values that became true longer ago are not served: NaN stands in their place."""

    def __post_init__(self) -> None:
        names = (self.name, self.entity, *self.features)
        if len(set(names[1:])) < len(names) - 1 or not self.features or {EVENT, KNOWN} & set(names):
            raise InvalidValue("features", names, "must be one or more different names", f"leave out {EVENT}, {KNOWN}")
        for name in names:
            if not _NAME.fullmatch(name):
                raise InvalidValue("name", name, "must be small letters, digits and _", "rename it")
        if not self.max_age_s > 0:
            raise InvalidValue("max_age_s", self.max_age_s, "must be above 0", "give seconds, or leave it out")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.entity, EVENT, KNOWN, *self.features

    def checked(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """The rows with these columns only, times to the second; refused where one was known before it happened."""
        missing = [name for name in self.columns if name not in rows]
        if missing:
            raise InvalidValue("rows", list(rows.columns), f"lack {', '.join(missing)}", f"give {self.columns}")
        found = rows[list(self.columns)].copy()
        for name in (EVENT, KNOWN):
            if found[name].isna().any():
                raise InvalidValue(name, "NaT", "must be a moment in every row", "leave out rows without one")
            found[name] = found[name].astype("datetime64[s]")
        early = found[KNOWN] < found[EVENT]
        if early.any():
            first = found[early].iloc[0]
            rule = f"lies before {EVENT} = {first[EVENT]}: nothing is known before it is true"
            raise InvalidValue(KNOWN, str(first[KNOWN]), rule, "give the moment at which it could first be read")
        for name in self.features:
            found[name] = found[name].astype("float64")
        return found.reset_index(drop=True)
