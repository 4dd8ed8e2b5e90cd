"""A stored upload is a dataset like any other."""

import hashlib
import json
import threading
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.catalogue import dataset_names, find_dataset
from data.datasets.car_choice import CarChoice
from data.datasets.contract import Dataset
from data.errors import InvalidValue, UnknownKind
from data.home import home
from data.uploads.choosing import Choice
from data.uploads.reading import UploadedTable, read_table
from data.uploads.storing import delete_upload, open_upload, store_upload, upload_names

ROWS = 60
Maker = Callable[[pd.DataFrame], UploadedTable]


@pytest.mark.parametrize("as_file", ["as_csv", "as_parquet"])
def test_an_upload_is_a_dataset_like_any_other(
    houses: pd.DataFrame, as_file: str, request: pytest.FixtureRequest
) -> None:
    choice = Choice("price", time_column="sold", unit="EUR")
    store_upload(
        request.getfixturevalue(as_file)(houses),
        "houses",
        choice,
        title="Houses",
        description="What a house sells for.",
    )
    dataset = find_dataset("houses")
    assert isinstance(dataset, Dataset)
    assert (dataset.name, dataset.title, dataset.description) == ("houses", "Houses", "What a house sells for.")
    assert dataset_names()[-1] == "houses"
    assert (dataset.targets[0].task, dataset.targets[0].unit) == ("regression", "EUR")
    assert dataset.schema.names == ("town", "area", "rooms", "garden")
    assert [f.name for f in dataset.schema.features if f.nullable] == ["town", "area"]
    frame = dataset.load()
    assert frame["sold"].is_monotonic_increasing
    oldest_first = houses.iloc[::-1].reset_index(drop=True)
    np.testing.assert_array_equal(frame["price"], oldest_first["price"])
    np.testing.assert_array_equal(dataset.schema.encode(frame), dataset.schema.encode(oldest_first))
    record = {"town": "Cork", "area": 80.5, "rooms": 3, "garden": "no"}
    np.testing.assert_array_equal(dataset.schema.encode_record(record), np.array([1, 80.5, 3, 0], "f4"))
    content = (home() / "uploads" / "houses" / "rows.parquet").read_bytes()
    assert dataset.content_hash == hashlib.sha256(content).hexdigest()
    dataset.contract.validate(frame)


def test_a_shipped_dataset_survives_the_journey_through_csv() -> None:
    ours = CarChoice().load().head(600)
    table = read_table(ours.to_csv(index=False).encode(), "cars.csv")
    upload = store_upload(table, "cars", Choice("chosen", group_column="person"))
    assert upload.group_column == "person"
    assert upload.schema.names == CarChoice.schema.names
    assert upload.targets[0].task == "binary"
    np.testing.assert_array_equal(upload.schema.encode(upload.load()), upload.schema.encode(ours))
    np.testing.assert_array_equal(upload.load()["chosen"], ours["chosen"])
    assert upload.load()["person"].nunique() == 100


def test_rows_without_target_are_left_out_and_counted(houses: pd.DataFrame, as_csv: Maker) -> None:
    houses.loc[[5, 6], "price"] = np.nan
    upload = store_upload(as_csv(houses), "houses", Choice("price"))
    assert len(upload.load()) == ROWS - 2
    assert upload.left_out == {"malformed": 0, "without target, time or group": 2}


def test_malformed_rows_can_be_left_out(broken: bytes) -> None:
    table = read_table(broken, "houses.csv")
    upload = store_upload(table, "houses", Choice("price", drop_malformed=True))
    assert upload.left_out["malformed"] == 4, "Tuesday is in a column that is not used"
    assert len(upload.load()) == ROWS - 4
    again = store_upload(table, "timed", Choice("price", time_column="sold", drop_malformed=True))
    assert len(again.load()) == ROWS - 5


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", ".x", "x" * 65, "with space", "nul\0"])
def test_a_name_must_be_safe(houses: pd.DataFrame, name: str, as_csv: Maker) -> None:
    with pytest.raises(InvalidValue, match="must be 1 to 64 small letters"):
        store_upload(as_csv(houses), name, Choice("price"))


def test_a_name_is_taken_only_once(houses: pd.DataFrame, as_csv: Maker) -> None:
    store_upload(as_csv(houses), "houses", Choice("price"))
    for name in ("houses", "car_choice"):
        with pytest.raises(InvalidValue, match=f"name = '{name}' is taken"):
            store_upload(as_csv(houses), name, Choice("rooms"))
    delete_upload("houses")
    assert upload_names() == ()
    with pytest.raises(UnknownKind, match="no upload is named 'houses'"):
        delete_upload("houses")
    store_upload(as_csv(houses), "houses", Choice("rooms"))
    assert find_dataset("houses").targets[0].column == "rooms"
    assert sorted(path.name for path in (home() / "uploads").iterdir()) == ["houses"]


def test_two_who_want_the_same_name_do_not_mix(houses: pd.DataFrame, as_csv: Maker) -> None:
    table = as_csv(houses)
    outcomes, refusals = [], []

    def store(target: str) -> None:
        try:
            outcomes.append(store_upload(table, "houses", Choice(target)).targets[0].column)
        except InvalidValue as error:
            refusals.append(str(error))

    threads = [threading.Thread(target=store, args=(target,)) for target in ("price", "rooms", "garden", "town")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [find_dataset("houses").targets[0].column]
    assert [refusal.partition(":")[0] for refusal in refusals] == ["name = 'houses' is taken"] * 3
    find_dataset("houses").load()


def test_an_unknown_dataset_lists_uploads_too(houses: pd.DataFrame, as_csv: Maker) -> None:
    store_upload(as_csv(houses), "houses", Choice("price"))
    with pytest.raises(UnknownKind, match="choose one of car_choice, digits, flight_delay, houses, tumour"):
        find_dataset("cottages")


def test_an_upload_that_was_tampered_with_is_refused(houses: pd.DataFrame, as_csv: Maker) -> None:
    store_upload(as_csv(houses), "houses", Choice("price"))
    path = home() / "uploads" / "houses" / "rows.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(InvalidValue, match="upload = 'houses' is not what was stored: delete it"):
        open_upload("houses").load()
    assert json.loads((path.parent / "upload.json").read_text())["file"] == "houses.csv"


def test_a_caller_cannot_spoil_an_upload_for_the_next(houses: pd.DataFrame, as_csv: Maker) -> None:
    upload = store_upload(as_csv(houses), "houses", Choice("price"))
    mine = upload.load()
    mine["price"] = 0.0
    assert (upload.load()["price"] > 0).all()
