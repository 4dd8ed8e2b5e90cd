"""Flights of 2013 up to August, week by week, with one feature that has to come out of a store: recent delays."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from strategies.features import FeatureView

if TYPE_CHECKING:
    import pandas as pd

RECENT = FeatureView("airport_delays", "origin", ("recent_delay_min",))
"""Mean delay of the flights that left an airport within an hour; known when the hour is over."""
WEEKS = 33
_SHOWN_MIN = (-10.0, 90.0)
"""A mean delay beyond these says no more than the bound does."""


@dataclass(frozen=True, slots=True, eq=False)
class Flights:
    """In order of departure; week 0 begins on the first of January. n rows."""

    table: "pd.DataFrame"
    week: NDArray[np.int64]
    late: NDArray[np.int64]
    fixed: NDArray[np.float64]
    """What is known from the timetable and the weather forecast. (n, k)"""
    temperature: NDArray[np.float64]
    of_day: NDArray[np.float64]
    """Mean delay at the airport on the same day, the hours after this flight included. (n,)"""

    def matrix(self, recent: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the model reads, given the feature from the store (n,). (n, k + 2)"""
        shown = np.nan_to_num(np.clip(recent, *_SHOWN_MIN))
        return np.column_stack([shown, np.sqrt(shown - _SHOWN_MIN[0]), self.fixed])


@lru_cache(maxsize=1)
def late_flights() -> Flights:
    """All flights of the first weeks; quick from the second call on."""
    import pandas as pd

    from data.catalogue import find_dataset

    whole = find_dataset("flight_delay").load().sort_values("scheduled_departure", ignore_index=True, kind="stable")
    week = ((whole["scheduled_departure"] - pd.Timestamp("2013-01-01")).dt.days // 7).to_numpy(np.int64)
    table = whole[week < WEEKS].reset_index(drop=True)
    table["origin"] = table["origin"].astype(object)
    day = table["scheduled_departure"].dt.floor("D")
    of_day = table.assign(day=day).groupby(["origin", "day"])["departure_delay_min"].transform("mean")
    return Flights(
        table, week[week < WEEKS].astype(np.int64), table["late"].to_numpy(np.int64), _fixed(table),
        table["temperature_f"].to_numpy(np.float64), of_day.to_numpy(np.float64),
    )  # fmt: skip


def hourly_delays(table: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of `RECENT`: one for each airport and hour in which flights left."""
    import pandas as pd

    left = table["scheduled_departure"] + pd.to_timedelta(table["departure_delay_min"] * 60, unit="s")
    hour = left.dt.ceil("h").astype("datetime64[s]")
    delay = table.assign(event_at=hour).groupby(["origin", "event_at"])["departure_delay_min"].mean()
    rows = delay.rename("recent_delay_min").reset_index()
    return rows.assign(known_at=rows["event_at"])


def fit(x: NDArray[np.float64], late: NDArray[np.int64]) -> Any:
    """A logistic regression that answers with the probability of being late."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(x, late)


def probability(model: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely each flight is to be late. (n,)"""
    found: NDArray[np.float64] = model.predict_proba(x)[:, 1]
    return found


def _fixed(table: "pd.DataFrame") -> NDArray[np.float64]:
    minute = table["departure_minute"].to_numpy(np.float64)
    turn = 2 * np.pi * minute / 1_440
    columns = [minute / 1_440, np.sin(turn), np.cos(turn), table["distance_miles"].to_numpy(np.float64) / 1_000]
    for name, calm in (("precipitation_in", 0.0), ("visibility_miles", 10.0)):
        columns.append(table[name].fillna(calm).to_numpy(np.float64) - calm)
    columns += [(table["origin"] == code).to_numpy(np.float64) for code in ("EWR", "JFK")]
    carriers = table["carrier"].astype(object)
    columns += [(carriers == code).to_numpy(np.float64) for code in sorted(set(carriers))[1:]]
    return np.column_stack(columns)
