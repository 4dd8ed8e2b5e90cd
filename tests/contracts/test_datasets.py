"""What every dataset must satisfy; a new one is found and tested by itself."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.errors
import pytest

from data.catalogue import dataset_names, find_dataset
from data.datasets._shipped import FILES
from data.datasets.contract import Dataset
from data.discovery import kinds
from data.schema import Schema

NAMES = sorted(kinds("data.datasets", Dataset))
MAX_BYTES = 4_000_000


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dataset(name: str) -> Dataset:
    return find_dataset(name)


def test_it_says_what_it_is_and_where_it_comes_from(dataset: Dataset, name: str) -> None:
    assert name in dataset_names()
    assert len(dataset.title) >= 5
    assert len(dataset.description) >= 100, "say what a row is and which decision a prediction serves"
    assert "http" in dataset.source
    assert dataset.licence
    assert all(feature.description for feature in dataset.schema.features)


def test_its_file_is_small_and_has_the_hash_it_states(dataset: Dataset, name: str) -> None:
    content = (FILES / f"{name}.parquet").read_bytes()
    assert hashlib.sha256(content).hexdigest() == dataset.content_hash
    assert len(content) <= MAX_BYTES


def test_it_holds_what_it_names(dataset: Dataset) -> None:
    frame = dataset.load()
    expected = {*dataset.schema.names, *(target.column for target in dataset.targets)}
    expected |= {column for column in (dataset.time_column, dataset.group_column) if column}
    assert set(frame.columns) == expected
    assert isinstance(frame.index, pd.RangeIndex)
    assert not expected - set(dataset.contract.columns), "the contract covers every column"


def test_no_feature_gives_a_target_away(dataset: Dataset) -> None:
    assert dataset.targets
    columns = {target.column for target in dataset.targets}
    assert not columns & set(dataset.schema.names)
    frame = dataset.load()
    for column in columns:
        for feature in dataset.schema.features:
            if feature.kind == "number" and frame[feature.name].nunique() > 1:
                both = frame[[feature.name, column]].astype(float).corr().iloc[0, 1]
                assert abs(both) < 0.99, f"{feature.name} is {column} in other words"


def test_its_targets_hold_what_their_task_says(dataset: Dataset) -> None:
    frame = dataset.load()
    for target in dataset.targets:
        values = frame[target.column]
        assert values.notna().all()
        if target.task == "regression":
            assert not target.classes
            assert target.unit
            assert np.isfinite(values).all()
        else:
            assert set(values.unique()) == set(range(len(target.classes)))
            assert pd.api.types.is_integer_dtype(values)
            assert (len(target.classes) == 2) == (target.task == "binary")


def test_its_rows_encode_alike_in_bulk_and_one_by_one(dataset: Dataset) -> None:
    frame = dataset.load().sample(50, random_state=1)
    matrix = dataset.schema.encode(frame)
    records = [
        {key: None if pd.isna(value) else value for key, value in record.items()}
        for record in frame[list(dataset.schema.names)].to_dict("records")
    ]
    np.testing.assert_array_equal(dataset.schema.encode_records(records), matrix)
    again = [dataset.schema.decode(row) for row in matrix]
    np.testing.assert_array_equal(dataset.schema.encode_records(again), matrix)


def test_only_what_may_be_missing_is(dataset: Dataset) -> None:
    matrix = dataset.schema.encode(dataset.load())
    missing = np.isnan(matrix).any(axis=0)
    assert matrix.dtype == np.float32
    assert [f.name for f, m in zip(dataset.schema.features, missing, strict=True) if m and not f.nullable] == []
    assert [f.name for f, m in zip(dataset.schema.features, missing, strict=True) if f.nullable and not m] == []


def test_every_category_is_met(dataset: Dataset) -> None:
    frame = dataset.load()
    for feature in dataset.schema.features:
        if feature.kind == "category":
            # A category that only cancelled flights have is still a category; one row in a thousand is what we allow.
            unmet = set(feature.categories) - set(frame[feature.name].dropna())
            assert len(unmet) <= 1, f"{feature.name}: {unmet}"


def test_time_and_groups_are_in_order(dataset: Dataset) -> None:
    frame = dataset.load()
    if dataset.time_column:
        assert frame[dataset.time_column].is_monotonic_increasing
    if dataset.group_column:
        groups = frame[dataset.group_column].to_numpy()
        assert (np.diff(groups) != 0).sum() + 1 == len(np.unique(groups)), "rows of a group stand together"


def test_a_caller_cannot_spoil_it_for_the_next(dataset: Dataset) -> None:
    column = dataset.targets[0].column
    mine = dataset.load()
    before = mine[column].copy()
    mine[column] = -1
    mine.loc[0, column] = -2
    del mine[dataset.schema.names[0]]
    pd.testing.assert_series_equal(dataset.load()[column], before)
    assert dataset.schema.names[0] in dataset.load()


def test_its_contract_refuses_a_row_that_breaks_it(dataset: Dataset) -> None:
    frame = dataset.load().head(60)
    number = next(feature.name for feature in dataset.schema.features if feature.kind == "number")
    with pytest.raises(pandera.errors.SchemaError, match=number):
        dataset.contract.validate(frame.assign(**{number: frame[number] + 1e6}).astype(frame.dtypes))
    with pytest.raises(pandera.errors.SchemaError):
        dataset.contract.validate(frame.drop(columns=number))


def test_its_schema_crosses_processes(dataset: Dataset) -> None:
    assert Schema.from_dict(dataset.schema.to_dict()) == dataset.schema
    assert pickle.loads(pickle.dumps(dataset.schema)) == dataset.schema


def test_another_file_in_its_place_is_refused(
    dataset: Dataset, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.datasets import _shipped
    from data.errors import InvalidValue

    content = bytearray((FILES / f"{name}.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / f"{name}.parquet").write_bytes(content)
    monkeypatch.setattr(_shipped, "FILES", tmp_path)
    with pytest.raises(InvalidValue, match=rf"{name}.parquet = .* is not the SHA-256 .*: restore the file"):
        dataset.stored()  # type: ignore[attr-defined]
