"""The feature store: training reads exactly what serving would have answered, whenever it is asked."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidValue
from strategies.features import FeatureStore, FeatureView, skew
from strategies.training.registry import register, serve, serving

VIEW = FeatureView("airport", "origin", ("delay_min",))
START = pd.Timestamp("2013-07-01")

row = st.tuples(st.sampled_from(["EWR", "JFK"]), st.integers(0, 20), st.integers(0, 9), st.integers(-50, 50))


def moment(hours: int) -> pd.Timestamp:
    return START + pd.Timedelta(hours=hours)


def table(rows: list[tuple[str, int, int, int]]) -> pd.DataFrame:
    columns = ["origin", "event_at", "known_at", "delay_min"]
    return pd.DataFrame([(o, moment(e), moment(e + d), float(v)) for o, e, d, v in rows], columns=columns)


def by_hand(rows: list[tuple[str, int, int, int]], origin: str, hour: int, max_age_h: float) -> float:
    """Of the rows known by then the one about the latest event; of several, the one that came last."""
    known = [(e, e + d, place, v) for place, (o, e, d, v) in enumerate(rows) if o == origin and e + d <= hour]
    if not known:
        return math.nan
    event, _known, _place, value = max(known)
    return float(value) if hour - event <= max_age_h else math.nan


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(row, min_size=1, max_size=25), max_age_h=st.sampled_from([math.inf, 4.0]))
def test_training_and_serving_see_what_was_known(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, int, int]], max_age_h: float
) -> None:
    view = FeatureView("airport", "origin", ("delay_min",), max_age_s=max_age_h * 3_600)
    store = FeatureStore(tmp_path_factory.mktemp("store"))
    store.add(view, table(rows[: len(rows) // 2 + 1]))
    if rows[len(rows) // 2 + 1 :]:
        store.add(view, table(rows[len(rows) // 2 + 1 :]))
    hours = range(-1, 32, 3)
    asked = pd.DataFrame([(o, moment(h)) for h in hours for o in ("JFK", "EWR", "LGA")], columns=["origin", "at"])
    expected = np.array([by_hand(rows, o, h, max_age_h) for h in hours for o in ("JFK", "EWR", "LGA")])

    trained = store.at(view, asked.sample(frac=1, random_state=1), "at").loc[asked.index, "delay_min"]
    np.testing.assert_array_equal(trained, expected)

    served = []
    for hour in hours:
        store.materialise(view, moment(hour))
        found = store.read(view, ["JFK", "EWR", "LGA"], moment(hour))
        served += [found[origin][0] for origin in ("JFK", "EWR", "LGA")]
    np.testing.assert_array_equal(served, expected)
    assert skew(trained, served).differ == 0


def test_nothing_is_known_before_it_happens(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    rows = table([("JFK", 5, 0, 1)]).assign(known_at=moment(4))
    with pytest.raises(InvalidValue, match="nothing is known before it is true"):
        store.add(VIEW, rows)
    with pytest.raises(InvalidValue, match="lack delay_min"):
        store.add(VIEW, rows.drop(columns="delay_min"))
    with pytest.raises(InvalidValue, match="has no rows yet"):
        store.at(VIEW, pd.DataFrame({"origin": ["JFK"], "at": [START]}), "at")


@pytest.mark.parametrize("names", [("a", "a"), ("A",), ("x; drop table x",), ("event_at",), ()])
def test_names_are_plain_words(names: tuple[str, ...]) -> None:
    with pytest.raises(InvalidValue):
        FeatureView("view", "entity", names)


def test_a_word_of_sql_is_a_name_like_any_other(tmp_path: Path) -> None:
    view = FeatureView("select", "order", ("group",))
    store = FeatureStore(tmp_path)
    rows = pd.DataFrame({"order": [7], "event_at": [START], "known_at": [START], "group": [1.5]})
    store.add(view, rows)
    assert store.materialise(view, START) == 1
    assert store.materialise(view, START) == 0
    assert store.read(view, [7], START) == {7: (1.5,)}


def test_skew_counts_what_differs_and_what_is_missing() -> None:
    found = skew([1.0, 2.0, math.nan, 4.0], [1.0, 2.5, 3.0, math.nan])
    assert (found.n, found.differ) == (4, 3)
    assert found.mean_abs == pytest.approx(0.25)
    with pytest.raises(InvalidValue):
        skew([1.0], [1.0, 2.0])


@pytest.mark.usefixtures("home")
def test_the_registry_names_the_version_that_serves(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    with pytest.raises(InvalidValue, match="no version that serves"):
        serving("late")
    for number in (1, 2):
        file.write_bytes(bytes([number]))
        made = register("late", file, metrics={"brier": 0.1}, tags={"trained_until": "2013-04-01"})
        assert made.version == number
        serve("late", number)
        assert serving("late") == made
        assert made.file.read_bytes() == bytes([number])
    serve("late", 1)
    assert serving("late").file.read_bytes() == b"\x01"
