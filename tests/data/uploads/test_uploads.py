"""A user's own file becomes a dataset like any other, or says by line and column why it cannot."""

import contextlib
import hashlib
import io
import json
import threading
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from data import text_table
from data.catalogue import dataset_names, find_dataset
from data.datasets.car_choice import CarChoice
from data.datasets.contract import Dataset
from data.errors import InvalidFile, InvalidValue, UnknownKind
from data.home import home
from data.uploads import reading
from data.uploads.choosing import MIN_CLASS_ROWS, MIN_ROWS, TASK_RULE, Choice, choose, usable_features
from data.uploads.reading import UploadedTable, read_table
from data.uploads.storing import delete_upload, open_upload, store_upload, upload_names

ROWS = 60
RNG = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRYDOCK_HOME", str(tmp_path / "home"))


@pytest.fixture
def houses() -> pd.DataFrame:
    """Sixty houses: a time, an identifier, numbers with holes, names with holes."""
    area = RNG.uniform(40, 200, ROWS).round(1)
    frame = pd.DataFrame(
        {
            "id": [f"h{number}" for number in range(ROWS)],
            "sold": pd.date_range("2024-01-01", periods=ROWS, freq="D")[::-1],
            "town": np.resize(["Bath", "Cork", "Ely"], ROWS),
            "area": area,
            "rooms": np.resize([1, 2, 3, 4], ROWS),
            "garden": np.resize(["yes", "no"], ROWS),
            "price": (area * 3_000 + RNG.normal(0, 9_000, ROWS)).round(),
        }
    )
    frame.loc[3, "area"] = np.nan
    frame.loc[4, "town"] = None
    return frame


def csv(frame: pd.DataFrame) -> UploadedTable:
    return read_table(frame.to_csv(index=False).encode(), "houses.csv")


def parquet(frame: pd.DataFrame) -> UploadedTable:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return read_table(buffer.getvalue(), "houses.parquet")


@pytest.mark.parametrize("as_file", [csv, parquet])
def test_types_are_inferred_and_shown(houses: pd.DataFrame, as_file: object) -> None:
    table = as_file(houses)  # type: ignore[operator]
    assert len(table) == ROWS
    assert {c.name: c.kind for c in table.columns} == {
        "id": "text", "sold": "time", "town": "category", "area": "number", "rooms": "number",
        "garden": "category", "price": "number",
    }  # fmt: skip
    assert {c.name: c.missing for c in table.columns if c.missing} == {"area": 1, "town": 1}
    assert table.column("rooms").distinct == 4
    assert table.column("rooms").examples == ("1", "2", "3", "4")
    assert table.column("town").examples == ("Bath", "Cork", "Ely")
    assert table.problems() == ((), 0)
    assert usable_features(table, "price") == ("town", "area", "rooms", "garden")


@pytest.mark.parametrize("as_file", [csv, parquet])
def test_an_upload_is_a_dataset_like_any_other(houses: pd.DataFrame, as_file: object) -> None:
    choice = Choice("price", time_column="sold", unit="EUR")
    store_upload(as_file(houses), "houses", choice, title="Houses", description="What a house sells for.")  # type: ignore[operator]
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


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([0, 1], "binary", ("0", "1")),
        ([3.5, 1.25], "binary", ("1.25", "3.5")),
        (["no", "yes"], "binary", ("no", "yes")),
        ([True, False], "binary", ("False", "True")),
        (["a", "c", "b"], "multiclass", ("a", "b", "c")),
        ([10, 2, 1], "multiclass", ("1", "2", "10")),
        ([1, 2, 3, 4, 5, 6, 7], "multiclass", ("1", "2", "3", "4", "5", "6", "7")),
        (list(range(8)), "regression", ()),
        ([0.5, 1.5, 2.5], "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(values: list[object], task: str, classes: tuple[str, ...]) -> None:
    """Sixty rows, whose square root is between 7 and 8."""
    frame = pd.DataFrame({"x": RNG.normal(size=ROWS), "y": np.resize(np.array(values), ROWS)})
    chosen = choose(csv(frame), Choice("y"))
    assert (chosen.target.task, chosen.target.classes) == (task, classes), TASK_RULE
    if classes:
        names = np.array(chosen.target.classes)[chosen.rows["y"]]
        assert list(names) == [
            f"{v:g}" if isinstance(v, int | float) and not isinstance(v, bool) else str(v) for v in frame["y"].tolist()
        ]
    else:
        np.testing.assert_array_equal(chosen.rows["y"], frame["y"])


def test_the_positive_class_and_the_task_can_be_chosen(houses: pd.DataFrame) -> None:
    chosen = choose(csv(houses), Choice("garden", positive="no"))
    assert chosen.target.classes == ("yes", "no")
    np.testing.assert_array_equal(chosen.rows["garden"] == 1, houses["garden"] == "no")
    assert choose(csv(houses), Choice("rooms")).target.task == "multiclass"
    assert choose(csv(houses), Choice("rooms", task="regression")).target.task == "regression"


def test_rows_without_target_are_left_out_and_counted(houses: pd.DataFrame) -> None:
    houses.loc[[5, 6], "price"] = np.nan
    upload = store_upload(csv(houses), "houses", Choice("price"))
    assert len(upload.load()) == ROWS - 2
    assert upload.left_out == {"malformed": 0, "without target, time or group": 2}


@pytest.fixture
def broken(houses: pd.DataFrame) -> bytes:
    """Line 1 is the header. Lines 4 and 9 are out of shape, line 12 and 20 hold no number, line 30 no time."""
    lines = houses.to_csv(index=False).splitlines()
    lines[3] += ",extra"
    lines[8] = "h7,only,three"
    lines[11] = lines[11].replace(lines[11].split(",")[3], "huge")
    lines[19] = lines[19].replace(lines[19].split(",")[6], "inf")
    lines[29] = lines[29].replace(lines[29].split(",")[1], "Tuesday")
    return "\n".join(lines).encode()


def test_malformed_rows_are_reported_by_line_and_column(broken: bytes) -> None:
    table = read_table(broken, "houses.csv")
    problems, total = table.problems()
    assert total == 5
    assert [str(problem) for problem in problems] == [
        "line 4: '8 values' must be 7, one a column",
        "line 9: '3 values' must be 7, one a column",
        "line 12, column area: 'huge' is not a number",
        "line 20, column price: 'inf' is not a number",
        "line 30, column sold: 'Tuesday' is not a moment such as 2013-01-31 09:30:00",
    ]
    with pytest.raises(
        InvalidFile, match=r"houses.csv: line 4: .*line 20, column price: 'inf' is not a number\. Correct"
    ):
        store_upload(table, "houses", Choice("price"))
    assert upload_names() == ()


def test_malformed_rows_can_be_left_out(broken: bytes) -> None:
    table = read_table(broken, "houses.csv")
    upload = store_upload(table, "houses", Choice("price", drop_malformed=True))
    assert upload.left_out["malformed"] == 4, "Tuesday is in a column that is not used"
    assert len(upload.load()) == ROWS - 4
    again = store_upload(table, "timed", Choice("price", time_column="sold", drop_malformed=True))
    assert len(again.load()) == ROWS - 5


def test_a_wrong_guess_can_be_corrected(houses: pd.DataFrame) -> None:
    houses["code"] = np.resize(["1", "2", "x"], ROWS)
    table = csv(houses)
    assert table.column("code").kind == "category"
    as_number = table.with_kinds(code="number")
    assert as_number.column("code").malformed == ROWS // 3
    problems, total = as_number.problems(("code",))
    assert total == ROWS // 3
    assert str(problems[0]) == "line 4, column code: 'x' is not a number"
    rooms = table.with_kinds(rooms="category")
    assert choose(rooms, Choice("price", features=("rooms",))).schema.features[0].categories == ("1", "2", "3", "4")
    with pytest.raises(InvalidValue, match=r"column = 'gone' is not in houses\.csv"):
        table.with_kinds(gone="number")


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (Choice("gone"), r"column = 'gone' is not in houses.csv: choose one of id, sold"),
        (Choice("id"), r"column = 'id' is a column of kind text"),
        (Choice("price", features=("sold",)), r"column = 'sold' is a column of kind time"),
        (Choice("price", features=("price", "area")), r"features = \['price'\] must be named once"),
        (Choice("price", features=("area", "area")), r"must be named once"),
        (Choice("price", features=("area",), group_column="area"), r"features = \['area'\]"),
        (Choice("price", group_column="price"), r"target = 'price' must not be the time or group too"),
        (Choice("price", time_column="town"), r"time_column = 'town' holds neither times nor numbers"),
        (Choice("town", task="regression"), r"task = 'regression' needs numbers"),
        (Choice("town", task="binary"), r"target = 'town' has 3 different values, and a binary target must have 2:"),
        (Choice("garden", task="multiclass"), r"has 2 different values, and a multiclass target must have 3 to 100"),
        (Choice("garden", positive="maybe"), r"positive = 'maybe' is not a class: choose one of no, yes"),
        (Choice("price", task="multiclass"), r"target = 'price' has a class, .* with 1 rows, and each must have 5"),
    ],
)
def test_a_choice_that_the_table_does_not_allow_says_why(houses: pd.DataFrame, choice: Choice, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        choose(csv(houses), choice)


def test_too_few_rows_are_refused(houses: pd.DataFrame) -> None:
    with pytest.raises(InvalidValue, match=f"rows = 10 must be {MIN_ROWS} at least"):
        choose(csv(houses.head(10)), Choice("price"))
    houses["constant"] = 1
    with pytest.raises(InvalidValue, match="must have 2"):
        choose(csv(houses), Choice("constant", task="binary"))
    with pytest.raises(InvalidValue, match="is the same in every row"):
        choose(csv(houses), Choice("constant", task="regression"))
    houses["rare"] = ["a"] * (MIN_CLASS_ROWS - 1) + ["b"] * (ROWS - MIN_CLASS_ROWS + 1)
    with pytest.raises(InvalidValue, match="target = 'rare' has a class, a, with 4 rows"):
        choose(csv(houses), Choice("rare"))


def test_too_many_names_are_refused(houses: pd.DataFrame) -> None:
    many = pd.concat([houses] * 20, ignore_index=True)
    many["street"] = [f"s{number}" for number in range(len(many))]
    table = csv(many)
    assert table.column("street").kind == "text"
    with pytest.raises(InvalidValue, match="has 1,200 different names, and must have 1 to 1,000"):
        choose(table.with_kinds(street="category"), Choice("price", features=("street",)))


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", ".x", "x" * 65, "with space", "nul\0"])
def test_a_name_must_be_safe(houses: pd.DataFrame, name: str) -> None:
    with pytest.raises(InvalidValue, match="must be 1 to 64 small letters"):
        store_upload(csv(houses), name, Choice("price"))


def test_a_name_is_taken_only_once(houses: pd.DataFrame) -> None:
    store_upload(csv(houses), "houses", Choice("price"))
    for name in ("houses", "car_choice"):
        with pytest.raises(InvalidValue, match=f"name = '{name}' is taken"):
            store_upload(csv(houses), name, Choice("rooms"))
    delete_upload("houses")
    assert upload_names() == ()
    with pytest.raises(UnknownKind, match="no upload is named 'houses'"):
        delete_upload("houses")
    store_upload(csv(houses), "houses", Choice("rooms"))
    assert find_dataset("houses").targets[0].column == "rooms"
    assert sorted(path.name for path in (home() / "uploads").iterdir()) == ["houses"]


def test_two_who_want_the_same_name_do_not_mix(houses: pd.DataFrame) -> None:
    table = csv(houses)
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


def test_an_unknown_dataset_lists_uploads_too(houses: pd.DataFrame) -> None:
    store_upload(csv(houses), "houses", Choice("price"))
    with pytest.raises(UnknownKind, match="choose one of car_choice, digits, flight_delay, houses, tumour"):
        find_dataset("cottages")


def test_an_upload_that_was_tampered_with_is_refused(houses: pd.DataFrame) -> None:
    store_upload(csv(houses), "houses", Choice("price"))
    path = home() / "uploads" / "houses" / "rows.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(InvalidValue, match="upload = 'houses' is not what was stored: delete it"):
        open_upload("houses").load()
    assert json.loads((path.parent / "upload.json").read_text())["file"] == "houses.csv"


def test_a_caller_cannot_spoil_an_upload_for_the_next(houses: pd.DataFrame) -> None:
    upload = store_upload(csv(houses), "houses", Choice("price"))
    mine = upload.load()
    mine["price"] = 0.0
    assert (upload.load()["price"] > 0).all()


@pytest.mark.parametrize(
    ("content", "file", "says"),
    [
        (b"", "t.csv", "holds nothing"),
        (b"\n\n\n", "t.csv", "holds nothing"),
        (b"a,b\n", "t.csv", "holds no rows"),
        (b"a,b\n1\n2,3,4\n", "t.csv", "line 2: '1 values' must be 2, one a column; line 3: '3 values'"),
        (b"a,,c\n1,2,3\n", "t.csv", "line 1, column 2: '' has no name"),
        (b"a,b,a\n1,2,3\n", "t.csv", "line 1, column a: 'a' is named twice"),
        (b"1,2,3\n4,5,6\n", "t.csv", "line 1: '1,2,3' holds values and no names"),
        (b"a,b\n1,\xff\n", "t.csv", "line 2: 'byte 0xff' is not UTF-8"),
        (b"a,b\n1,\0\n", "t.csv", "line 2: .* is no text"),
        (b'a,b\n1,"x\n2,3\n', "t.csv", "line 2: 'unexpected end of data' stops"),
        (b"\x80\x04\x95K\x01.", "model.pkl", "'.pkl' is neither .csv nor .parquet. Save the table"),
        (b"PK\x03\x04", "sheet.xlsx", "'.xlsx' is neither"),
        (b"PAR1 not really PAR1", "t.parquet", "is not Parquet. Give a Parquet or CSV file"),
        (b"a,b\n1,2\n", "t", "is neither .csv nor .parquet"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, file: str, says: str) -> None:
    with pytest.raises(InvalidFile, match=says):
        read_table(content, file)


def test_quotes_delimiters_and_line_ends_are_read_as_spreadsheets_write_them() -> None:
    text = '\ufeffname;size;note\r\n"Ely; the small";1;"two\r\nlines"\r\n\r\nBath;x;"say ""hi"""\r\n'
    table = read_table(text.encode(), "t.csv")
    assert table.named("name").tolist() == ["Ely; the small", "Bath"]
    assert table.named("note").tolist() == ["two\r\nlines", 'say "hi"']
    assert table.lines.tolist() == [2, 5]
    assert str(table.with_kinds(size="number").problems()[0][0]) == "line 5, column size: 'x' is not a number"


def test_parquet_of_what_is_no_table_is_refused() -> None:
    with pytest.raises(InvalidFile, match=r"column a: 'list<element: int64>' is a type"):
        parquet(pd.DataFrame({"a": [[1], [2]]}))
    with pytest.raises(InvalidFile, match="holds no rows"):
        parquet(pd.DataFrame({"a": pd.Series([], dtype=float)}))


def test_limits_are_stated(houses: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    content = houses.to_csv(index=False).encode()
    for limit, value, says in (
        ("MAX_BYTES", 100, f"'{len(content):,} bytes' is more than 100. Give a smaller file"),
        ("MAX_ROWS", 10, "'60 rows' is more than 10"),
        ("MAX_COLUMNS", 3, "'7 columns' is more than 3"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(text_table, limit, value)
            with pytest.raises(InvalidFile, match=says):
                csv(houses)
            with pytest.raises(InvalidFile, match=says.partition("' is")[2].partition(".")[0]):
                parquet(houses)
    monkeypatch.setattr(reading, "MAX_UNPACKED_BYTES", 10)
    with pytest.raises(InvalidFile, match="bytes unpacked' is more than 10"):
        parquet(houses)


def test_many_problems_are_bounded_and_counted() -> None:
    content = b"a,b\n" + b"1,2\n" * 50_000 + b"1,2,3\n" * 500 + b"1,x\n" * 700
    problems, total = read_table(content, "t.csv").problems()
    assert len(problems) == text_table.MAX_PROBLEMS
    assert total == 1_200
    assert problems[0].line == 50_002


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_whatever_the_cells_hold_they_come_back_as_they_are(rows: list[tuple[str, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["first", "second"])
    table = read_table(frame.to_csv(index=False, lineterminator="\n").encode(), "t.csv")
    for name in frame:
        assert table.cells[str(name)].to_pylist() == frame[name].tolist()


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".csv", ".parquet", ".CSV"]))
def test_any_bytes_are_read_or_refused(content: bytes, suffix: str) -> None:
    for start in (b"", b"a,b\n1,2\n", b"PAR1"):
        with contextlib.suppress(InvalidFile):
            table = read_table(start + content, f"t{suffix}")
            assert len(table.columns) == len(table.cells)
            table.problems()
