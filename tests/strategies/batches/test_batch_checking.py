"""Checking whole columns says what the schema says row by row."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidValue
from data.schema import Feature, Schema
from strategies.batches.checking import check, unreadable

SCHEMA = Schema(
    (
        Feature("colour", "category", ("red", "green", "NA")),
        Feature("shape", "category", ("round", "square"), nullable=True),
        Feature("width", unit="mm"),
        Feature("age", nullable=True),
    )
)
NUMBERS = st.one_of(st.none(), st.floats(width=64), st.floats(width=32, allow_nan=False, allow_infinity=False))
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["red", "green", "NA", "blue", None]),
        st.sampled_from(["round", "square", "flat", None]),
        NUMBERS,
        NUMBERS,
    ),
    max_size=20,
)


def table_of(rows: list[tuple[object, ...]]) -> pa.Table:
    types = (pa.string(), pa.string(), pa.float64(), pa.float64())
    columns = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True)))


def expected(row: tuple[object, ...]) -> tuple[dict[str, str], np.ndarray | None]:
    """What the schema itself says of a row: the rule each bad feature breaks, and the encoded row if none does."""
    wrong = {}
    for feature, value in zip(SCHEMA.features, row, strict=True):
        given_value = None if isinstance(value, float) and math.isnan(value) else value
        try:
            feature.code(given_value)
        except InvalidValue as error:
            wrong[feature.name] = error.rule
    if wrong:
        return wrong, None
    record = {n: None if isinstance(v, float) and math.isnan(v) else v for n, v in zip(SCHEMA.names, row, strict=True)}
    return {}, SCHEMA.encode_record(record)


@given(ROWS, st.booleans(), st.integers(1, 7))
def test_it_agrees_with_the_schema_on_every_row(rows: list[tuple[object, ...]], by_code: bool, piece_rows: int) -> None:
    table = table_of(rows)
    if by_code:
        table = table.set_column(0, "colour", table["colour"].dictionary_encode())
    table = pa.concat_tables([table.slice(i, piece_rows) for i in range(0, len(rows), piece_rows)]) if rows else table
    checked = check(table, SCHEMA, "", np.arange(1, len(rows) + 1))
    judged = [expected(row) for row in rows]
    np.testing.assert_array_equal(checked.good, [not wrong for wrong, _ in judged])
    good = [encoded for _, encoded in judged if encoded is not None]
    np.testing.assert_array_equal(checked.x, np.array(good, np.float32).reshape(-1, len(SCHEMA)))
    found = {(e["row"], e["column"]): e["reason"] for e in checked.rejects.to_pylist()}
    wanted = {(i, name): rule for i, (wrong, _) in enumerate(judged, 1) for name, rule in wrong.items()}
    assert found.keys() == wanted.keys()
    for place, rule in wanted.items():
        assert found[place].startswith(rule)
    assert checked.rejects["row"].to_pylist() == sorted(checked.rejects["row"].to_pylist())


def test_text_is_read_as_people_write_it() -> None:
    columns = {
        "colour": [" red ", "green", "NA", "Red", "", None],
        "shape": ["", "NULL", "round", "x", "square", "round"],
        "width": ["1", " 2.5", "1e300", "wide", "", "3"],
        "age": ["", "n/a", "7", "-1e-3", "nan", "inf"],
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    checked = check(table, SCHEMA, "", np.arange(1, 7))
    entries = {
        (e["row"], e["column"]): (e["value"], e["reason"].partition(":")[0]) for e in checked.rejects.to_pylist()
    }
    assert entries == {
        (2, "age"): ("n/a", "must be a number"),
        (3, "width"): ("1e300", "must be finite and within float32"),
        (4, "colour"): ("Red", "is not a known category"),
        (4, "shape"): ("x", "is not a known category"),
        (4, "width"): ("wide", "must be a number"),
        (5, "colour"): ("", "must be given"),
        (5, "width"): ("", "must be given"),
        (6, "colour"): (None, "must be given"),
        (6, "age"): ("inf", "must be finite and within float32"),
    }
    np.testing.assert_array_equal(checked.x, [[0, np.nan, 1, np.nan]])


def test_a_row_without_its_key_is_rejected() -> None:
    table = table_of([("red", None, 1.0, None)] * 3).append_column("id", pa.array(["a", None, "c"]))
    checked = check(table, SCHEMA, "id", np.array([4, 5, 6]))
    assert checked.rejects.to_pylist() == [
        {"row": 5, "column": "id", "value": None, "reason": "must be given, as answers are found by it"}
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": None}, "not a column"),
        ({"width": pa.list_(pa.float64())}, "cannot be read"),
        ({"width": pa.timestamp("s")}, "cannot be read"),
        ({"id": pa.float64()}, "cannot be a key"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_computed(
    change: dict[str, pa.DataType | None], words: str
) -> None:
    types = {
        "colour": pa.string(),
        "shape": pa.bool_(),
        "width": pa.int8(),
        "age": pa.null(),
        "id": pa.string(),
        **change,
    }
    fields = pa.schema([(name, kind) for name, kind in types.items() if kind is not None])
    (problem,) = unreadable(fields, SCHEMA, "id")
    assert words in str(problem)
