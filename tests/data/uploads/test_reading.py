"""A user's file is read as it stands, and what is wrong with it is named by line and column."""

import contextlib
from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from data import text_table
from data.errors import InvalidFile, InvalidValue
from data.uploads import reading
from data.uploads.choosing import Choice, choose, usable_features
from data.uploads.reading import UploadedTable, read_table
from data.uploads.storing import store_upload, upload_names

ROWS = 60
Maker = Callable[[pd.DataFrame], UploadedTable]


@pytest.mark.parametrize("as_file", ["as_csv", "as_parquet"])
def test_types_are_inferred_and_shown(houses: pd.DataFrame, as_file: str, request: pytest.FixtureRequest) -> None:
    table = request.getfixturevalue(as_file)(houses)
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


def test_a_wrong_guess_can_be_corrected(houses: pd.DataFrame, as_csv: Maker) -> None:
    houses["code"] = np.resize(["1", "2", "x"], ROWS)
    table = as_csv(houses)
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


def test_parquet_of_what_is_no_table_is_refused(as_parquet: Maker) -> None:
    with pytest.raises(InvalidFile, match=r"column a: 'list<element: int64>' is a type"):
        as_parquet(pd.DataFrame({"a": [[1], [2]]}))
    with pytest.raises(InvalidFile, match="holds no rows"):
        as_parquet(pd.DataFrame({"a": pd.Series([], dtype=float)}))


def test_limits_are_stated(
    houses: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, as_csv: Maker, as_parquet: Maker
) -> None:
    content = houses.to_csv(index=False).encode()
    for limit, value, says in (
        ("MAX_BYTES", 100, f"'{len(content):,} bytes' is more than 100. Give a smaller file"),
        ("MAX_ROWS", 10, "'60 rows' is more than 10"),
        ("MAX_COLUMNS", 3, "'7 columns' is more than 3"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(text_table, limit, value)
            with pytest.raises(InvalidFile, match=says):
                as_csv(houses)
            with pytest.raises(InvalidFile, match=says.partition("' is")[2].partition(".")[0]):
                as_parquet(houses)
    monkeypatch.setattr(reading, "MAX_UNPACKED_BYTES", 10)
    with pytest.raises(InvalidFile, match="bytes unpacked' is more than 10"):
        as_parquet(houses)


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
