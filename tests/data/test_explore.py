"""The look at a dataset agrees with independent libraries, and finds what was planted."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from scipy import stats
from scipy.stats.contingency import association

from data.catalogue import dataset_names, find_dataset
from data.datasets.flight_delay import FlightDelay
from data.errors import InvalidValue
from data.explore import analyse, cramers_v, find_anomalies, find_relations, summarise
from data.explore.anomalies import robust_z
from data.explore.relations import MOST_COLUMNS, correlation_ratio, pearson_r
from data.explore.summaries import CategorySummary, NumberSummary

RNG = np.random.default_rng(4)
floats = st.floats(-1e6, 1e6)
checked = settings(derandomize=True, deadline=None, max_examples=80)


def number(values: object) -> NumberSummary:
    (summary,) = summarise(pd.DataFrame({"x": values}), ["x"])
    assert isinstance(summary, NumberSummary)
    return summary


@checked
@given(st.lists(st.none() | floats, min_size=1, max_size=60))
def test_a_number_is_summarised_as_pandas_describes_it(values: list[float | None]) -> None:
    column = pd.Series(values, dtype=float, name="x")
    found = number(column)
    known = column.dropna()
    assert (found.rows, found.missing, found.distinct) == (len(values), len(values) - len(known), known.nunique())
    assert found.missing_share == pytest.approx(column.isna().mean())
    if len(known) > 1:
        assert found.mean == pytest.approx(known.mean(), abs=1e-6)
        assert found.sd == pytest.approx(known.std(), abs=1e-6)
        for q, value in found.quantiles:
            assert value == pytest.approx(known.quantile(q), abs=1e-6)
    shown = found.histogram
    assert sum(shown.counts) + shown.below + shown.above == len(known), "every known value is somewhere"
    assert len(shown.edges) == len(shown.counts) + (1 if len(known) else 0)
    assert list(shown.edges) == sorted(shown.edges)


def test_few_whole_numbers_get_a_bin_each() -> None:
    shown = number([0, 0, 3, 1, 1, 1]).histogram
    assert shown.edges == (-0.5, 0.5, 1.5, 2.5, 3.5)
    assert shown.counts == (2, 3, 0, 1)


def test_a_long_tail_does_not_flatten_the_middle() -> None:
    shown = number(np.append(RNG.normal(size=10_000), [1e6] * 10)).histogram
    assert shown.edges[-1] < 10
    assert shown.above >= 10
    assert max(shown.counts) < 0.2 * 10_000


def test_a_category_is_counted_most_frequent_first() -> None:
    names = pd.Categorical(["a"] * 3 + ["b"] * 5 + [None], categories=["a", "b", "unused"])
    (found,) = summarise(pd.DataFrame({"c": names}), ["c"])
    assert isinstance(found, CategorySummary)
    assert (found.rows, found.missing, found.distinct, found.others) == (9, 1, 2, 0)
    assert found.counts == (("b", 5), ("a", 3))
    (many,) = summarise(pd.DataFrame({"c": [f"n{k % 50}" for k in range(500)]}), ["c"])
    assert isinstance(many, CategorySummary)
    assert (len(many.counts), many.others, many.distinct) == (20, 300, 50)


@checked
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 4)), min_size=1, max_size=200))
def test_cramers_v_is_scipys(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    known = (one >= 0) & (other >= 0)
    table = pd.crosstab(one[known], other[known]).to_numpy()
    found = cramers_v(one, other)
    if table.size == 0 or min(table.shape) < 2:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(association(table, method="cramer", correction=False), abs=1e-9)
    assert cramers_v(other, one) == pytest.approx(found, abs=1e-9, nan_ok=True)


@checked
@given(st.lists(st.tuples(st.none() | floats, st.none() | floats), min_size=3, max_size=60))
def test_pearson_is_scipys(pairs: list[tuple[float | None, float | None]]) -> None:
    one, other = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    known = ~(np.isnan(one) | np.isnan(other))
    found = pearson_r(one, other)
    if known.sum() > 2 and np.ptp(one[known]) > 1e-3 and np.ptp(other[known]) > 1e-3:
        assert found == pytest.approx(stats.pearsonr(one[known], other[known]).statistic, abs=1e-6)


def test_the_correlation_ratio_is_the_share_of_variance_between_groups() -> None:
    codes = np.repeat([0, 1, 2], 40)
    values = codes * 2.0 + RNG.normal(size=120)
    f = stats.f_oneway(*(values[codes == code] for code in range(3))).statistic
    assert correlation_ratio(codes, values) ** 2 == pytest.approx(f * 2 / (f * 2 + 117))  # SSB / (SSB + SSW)
    assert np.isnan(correlation_ratio(codes, np.ones(120)))


def test_relations_rank_features_by_their_tie_to_the_target() -> None:
    n = 3_000
    cause, name = RNG.normal(size=n), RNG.choice(["a", "b", "c"], n)
    frame = pd.DataFrame(
        {
            "noise": RNG.normal(size=n),
            "cause": cause,
            "twin": -cause,
            "name": pd.Categorical(name),
            "copy": [letter.upper() for letter in name],
            "y": cause * 2 + (name == "a") * 4 + RNG.normal(size=n) * 0.1,
        }
    )
    found = find_relations(frame, ["noise", "cause", "twin", "name", "copy"], "y", is_class=False)
    assert [set(found.with_target["feature"][k : k + 2]) for k in (0, 2)] == [{"cause", "twin"}, {"name", "copy"}]
    assert found.with_target["feature"].iloc[-1] == "noise"
    assert set(found.with_target["measure"]) == {"Pearson's r", "correlation ratio η"}
    assert found.pearson.loc["cause", "twin"] == pytest.approx(-1)
    assert found.cramers_v.loc["name", "copy"] == pytest.approx(1)
    assert found.rows == n
    binary = find_relations(frame.assign(y=(frame["y"] > 1).astype(int)), ["cause", "name"], "y", is_class=True)
    assert set(binary.with_target["measure"]) == {"Pearson's r", "Cramér's V"}


def test_the_cost_of_relations_is_bounded() -> None:
    wide = pd.DataFrame(RNG.normal(size=(100, MOST_COLUMNS + 5)).round(2)).rename(columns=str)
    found = find_relations(wide, list(wide.columns[:-1]), wide.columns[-1], is_class=False)
    assert found.pearson.shape == (MOST_COLUMNS, MOST_COLUMNS)
    assert found.left_out == tuple(wide.columns[MOST_COLUMNS:-1])
    long = pd.DataFrame(np.zeros((300_000, MOST_COLUMNS))).rename(columns=str)
    assert find_relations(long, list(long.columns[:-1]), long.columns[-1], is_class=True).rows < 300_000


def test_robust_z_follows_its_definition_and_ignores_outliers() -> None:
    values = np.array([1.0, 2, 3, 4, 100, np.nan])
    np.testing.assert_allclose(robust_z(values), 0.6745 * (values - 3) / 1)
    mad = stats.median_abs_deviation(RNG.normal(size=2_001))
    assert 0.6745 / mad == pytest.approx(1, rel=0.1)
    mostly_equal = np.array([5.0] * 9 + [6.0])
    assert robust_z(mostly_equal)[-1] == pytest.approx(1 / (0.1 * 1.2533))
    assert (robust_z(np.ones(4)) == 0).all()
    assert np.isnan(robust_z(np.array([np.nan]))).all()


def test_planted_anomalies_are_found() -> None:
    frame = pd.DataFrame({"x": RNG.normal(size=500), "flag": [0] * 490 + [1] * 10, "fixed": 7, "name": "n"})
    frame.loc[[17, 200], "x"] = [50.0, -80.0]
    frame = pd.concat([frame, frame.iloc[[3, 4]]], ignore_index=True)
    contract = pa.DataFrameSchema({"x": pa.Column(float, pa.Check.in_range(-60, 60)), "absent": pa.Column(int)})
    found = find_anomalies(frame, ["x", "flag", "fixed", "name"], contract)
    assert [outliers.name for outliers in found.outliers] == ["x"], "the rarer of two values is no outlier"
    outliers = found.outliers[0]
    assert [row for row, _, _ in outliers.examples[:2]] == [200, 17]
    assert outliers.examples[0][1] == -80
    assert outliers.by_robust_z >= 2
    low, high = outliers.low_fence, outliers.high_fence
    assert outliers.by_fences == ((frame["x"] < low) | (frame["x"] > high)).sum()
    spread = stats.iqr(frame["x"])
    assert (low, high) == pytest.approx(
        (np.quantile(frame["x"], 0.25) - 1.5 * spread, np.quantile(frame["x"], 0.75) + 1.5 * spread)
    )
    assert found.duplicates == 2
    assert found.constant == ("fixed", "name")
    assert found.impossible_count == 1
    assert found.impossible.loc[0, ["row", "column", "value"]].tolist() == [200, "x", -80.0]


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_can_be_looked_at(name: str) -> None:
    dataset = find_dataset(name)
    for target in dataset.targets:
        frame = dataset.load()
        frame = frame.iloc[:: max(len(frame) // 5_000, 1)].reset_index(drop=True)
        if dataset.group_column:
            frame = dataset.load().head(6_000)  # whole groups
        found = analyse(dataset, target.column, frame)
        assert found.target == target
        assert [summary.name for summary in found.features] == list(dataset.schema.names)
        assert found.rows == len(frame)
        if target.task == "regression":
            assert found.target_summary is not None
            assert found.balance.empty
        else:
            assert found.balance["rows"].sum() == len(frame)
            assert found.balance["share"].sum() == pytest.approx(1)
            assert tuple(found.balance["class"]) == target.classes
        assert found.anomalies.impossible_count == 0
        assert found.relations.with_target["value"].abs().max() <= 1 + 1e-9


def test_flights_without_arrival_are_seen_as_missing() -> None:
    every = FlightDelay().load_all()
    cancelled = every[every["arrival_delay_min"].isna()].head(300)
    found = find_anomalies(cancelled, ["distance_miles"], FlightDelay.contract)
    broken = found.impossible_rules.set_index("column")["count"]
    assert broken["arrival_delay_min"] == 300
    assert broken["departure_delay_min"] == cancelled["departure_delay_min"].isna().sum() > 0
    assert found.impossible_count == broken.sum() > len(found.impossible) == 100
    assert found.impossible["row"].is_monotonic_increasing


def test_an_unknown_target_names_those_there_are() -> None:
    with pytest.raises(InvalidValue, match=r"target = 'gate' is none of Flight delay's: choose one of late, arrival"):
        analyse(FlightDelay(), "gate")


def test_no_rows_and_no_columns_are_no_error() -> None:
    empty = pd.DataFrame(
        {"x": pd.Series([], dtype=float), "c": pd.Series([], dtype=str), "y": pd.Series([], dtype=int)}
    )
    summaries = summarise(empty, ["x", "c"])
    assert [s.rows for s in summaries] == [0, 0]
    assert summaries[0].missing_share == 0
    assert find_anomalies(empty, ["x", "c"]).duplicates == 0
    assert find_relations(empty, ["x", "c"], "y", is_class=True).with_target["value"].isna().all()
