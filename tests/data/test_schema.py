"""A row becomes the same numbers however it arrives, and a bad value is named precisely."""

import math
import pickle

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from data.errors import InvalidRow, InvalidValue
from data.schema import Feature, Schema

names = st.text("abcdefgh_é ", min_size=1, max_size=6)
numbers = st.floats(width=32, allow_nan=False, allow_infinity=False) | st.integers(-(2**24), 2**24)


@st.composite
def features(draw: st.DrawFn, name: str) -> Feature:
    categories = tuple(draw(st.lists(names, max_size=5, unique=True)))
    return Feature(name, "category" if categories else "number", categories, nullable=draw(st.booleans()))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Schema, list[dict[str, object]]]:
    """A schema and up to six records that satisfy it; nullable values are None or absent."""
    schema = Schema(tuple(draw(features(name)) for name in draw(st.lists(names, min_size=1, max_size=6, unique=True))))
    values = {f.name: st.sampled_from(f.categories) if f.categories else numbers for f in schema.features}
    fields = {f.name: st.none() | values[f.name] if f.nullable else values[f.name] for f in schema.features}
    records = draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=6))
    return schema, records


FUEL = Feature("fuel", "category", ("cng", "electric"))
SCHEMA = Schema((FUEL, Feature("price", unit="USD"), Feature("range", nullable=True)))
GOOD = {"fuel": "electric", "price": 3.5, "range": 250}


@given(tables())
def test_decoding_is_the_inverse_of_encoding(table: tuple[Schema, list[dict[str, object]]]) -> None:
    schema, records = table
    for record in records:
        decoded = schema.decode(schema.encode_record(record))
        assert decoded == record
        np.testing.assert_array_equal(schema.encode_record(decoded), schema.encode_record(record))


@given(tables(), st.booleans())
def test_every_way_in_gives_the_same_matrix(table: tuple[Schema, list[dict[str, object]]], categorical: bool) -> None:
    schema, records = table
    one_by_one = np.stack([schema.encode_record(record) for record in records])
    slowly = [[feature.code(record[feature.name]) for feature in schema.features] for record in records]
    frame = pd.DataFrame(
        {
            f.name: pd.Series(
                [r[f.name] for r in records],
                dtype=("category" if categorical else object) if f.categories else np.float64,
            )
            for f in schema.features
        }
    )
    present = [{name: value for name, value in record.items() if value is not None} for record in records]
    np.testing.assert_array_equal(one_by_one, np.array(slowly, np.float32))
    np.testing.assert_array_equal(schema.encode_records(records), one_by_one)
    np.testing.assert_array_equal(schema.encode_records(present), one_by_one)
    np.testing.assert_array_equal(schema.encode_rows([[r[name] for name in schema.names] for r in records]), one_by_one)
    np.testing.assert_array_equal(schema.encode(frame), one_by_one)


@given(tables())
def test_a_schema_survives_json_and_pickle(table: tuple[Schema, list[dict[str, object]]]) -> None:
    schema, records = table
    schema.encode_records(records)  # what it precomputes must not leak into either
    assert Schema.from_dict(schema.to_dict()) == schema
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert hash(Schema.from_dict(schema.to_dict())) == hash(schema)


BAD: list[tuple[dict[str, object], str, str]] = [
    ({"fuel": "steam"}, "fuel", "is not a known category: send one of cng, electric"),
    ({"fuel": 1}, "fuel", "is not a known category"),
    ({"fuel": ["cng"]}, "fuel", "is not a known category"),
    ({"fuel": None}, "fuel", "must be given"),
    ({"price": None}, "price", "must be given: send a number in USD"),
    ({"price": "3.5"}, "price", "must be a number"),
    ({"price": True}, "price", "must be a number"),
    ({"price": math.nan}, "price", "must be finite"),
    ({"price": math.inf}, "price", "must be finite"),
    ({"price": 1e39}, "price", "must be finite and within float32"),
    ({"price": 10**400}, "price", "must be finite and within float32"),
    ({"range": math.nan}, "range", "must be finite"),
    ({"colour": "red"}, "colour", "is not a feature: send only fuel, price, range"),
]


@pytest.mark.parametrize(("change", "name", "says"), BAD)
def test_a_bad_value_is_named(change: dict[str, object], name: str, says: str) -> None:
    record = {**GOOD, **change}
    with pytest.raises(InvalidValue, match=says) as one:
        SCHEMA.encode_record(record)
    assert one.value.name == name
    with pytest.raises(InvalidRow) as many:
        SCHEMA.encode_records([GOOD, record, record])
    assert (many.value.row, many.value.name) == (1, name)
    assert str(many.value) == f"row 1: {one.value}"
    if name in SCHEMA.names:
        with pytest.raises(InvalidRow) as row:
            SCHEMA.encode_rows([list(GOOD.values()), list(record.values())])
        assert str(row.value) == f"row 1: {one.value}"


def test_a_missing_value_is_named_and_a_nullable_one_may_be_left_out() -> None:
    with pytest.raises(InvalidValue, match="price = None must be given"):
        SCHEMA.encode_record({"fuel": "cng"})
    np.testing.assert_array_equal(SCHEMA.encode_record({"fuel": "cng", "price": 1}), np.array([0, 1, np.nan], "f4"))


@pytest.mark.parametrize("row", [[], ["cng", 1.0], ["cng", 1.0, 2.0, 3.0]])
def test_a_row_of_another_length_says_both_lengths(row: list[object]) -> None:
    with pytest.raises(InvalidRow, match=f"row 0: number of values = {len(row)} must be 3: send only fuel, price"):
        SCHEMA.encode_rows([row])


def test_a_row_of_another_shape_says_what_to_send() -> None:
    with pytest.raises(InvalidRow, match="must give each value by its name"):
        SCHEMA.encode_records([["cng", 1.0, 2.0]])  # type: ignore[list-item]
    for row in ("cng", {"fuel": "cng"}, 3):
        with pytest.raises(InvalidRow, match="must list its values in order"):
            SCHEMA.encode_rows([row])  # type: ignore[list-item]


def test_numbers_round_as_float32_does() -> None:
    largest = float(np.finfo(np.float32).max)
    for value in (0.1, largest, math.nextafter(largest, math.inf), 1e-46, -0.0, 2**31 + 1):
        encoded = Schema((Feature("x"),)).encode_record({"x": value})[0]
        assert encoded == np.float32(value)
        assert Feature("x").code(value) == float(encoded)


def test_no_rows_make_an_empty_matrix_of_the_right_width() -> None:
    assert SCHEMA.encode_rows([]).shape == SCHEMA.encode_records([]).shape == (0, 3)
    assert SCHEMA.encode_record(GOOD).flags.writeable


def test_a_category_unknown_to_the_schema_is_missing_in_a_table() -> None:
    frame = pd.DataFrame({"fuel": ["cng", "steam", None]})
    np.testing.assert_array_equal(Schema((FUEL,)).encode(frame), np.array([[0], [np.nan], [np.nan]], "f4"))


def test_names_and_categories_must_differ() -> None:
    with pytest.raises(InvalidValue, match=r"features = \['a'\] are named twice"):
        Schema((Feature("a"), Feature("b"), Feature("a")))
    with pytest.raises(InvalidValue, match="repeat a name"):
        Feature("a", "category", ("x", "x"))
    with pytest.raises(InvalidValue, match="must not be empty"):
        Feature("a", "category")


def test_a_schema_is_inferred_from_a_table() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["y", "x"], "d": [True, False]})
    assert Schema.infer(frame).features == (
        Feature("a"),
        Feature("b", nullable=True),
        Feature("c", "category", ("x", "y")),
        Feature("d"),
    )
