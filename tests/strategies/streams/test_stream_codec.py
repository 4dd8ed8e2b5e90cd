"""How requests and answers are written, against an independent reading of the documented form."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidValue
from data.schema import Feature, Schema
from data.trace import Status
from strategies.streams.codec import (
    About,
    RequestReader,
    decode_answer,
    encode_answer,
    encode_request,
    json_answer,
    outputs_of,
)

SCHEMA = Schema((Feature("age"), Feature("colour", "category", ("blue", "red")), Feature("income", nullable=True)))
FLOAT = st.floats(width=32, allow_nan=False, allow_infinity=False)
ROWS = st.lists(st.tuples(FLOAT, FLOAT, FLOAT), min_size=1, max_size=20)


@given(ROWS)
def test_rows_survive_the_wire_and_stand_where_the_text_says(rows: list[tuple[float, ...]]) -> None:
    x = np.array(rows, np.float32)
    payloads = [encode_request(row) for row in x]
    assert struct.unpack("<2sBBI3f", payloads[0]) == (b"Dq", 1, 0, 3, *x[0].tolist())
    read, bad = RequestReader(SCHEMA).read(payloads)
    assert not bad
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, x)


def test_a_missing_value_survives() -> None:
    read, bad = RequestReader(SCHEMA).read([encode_request(np.array([1, 0, np.nan], np.float32))])
    assert not bad
    assert np.isnan(read[0, 2])


@given(ROWS, st.lists(st.binary(max_size=60), max_size=6), st.randoms(use_true_random=False))
def test_poison_is_told_apart_from_its_neighbours(rows, rubbish, random) -> None:  # type: ignore[no-untyped-def]
    good = [encode_request(np.array(row, np.float32)) for row in rows]
    mixed = [(payload, True) for payload in good] + [(payload, False) for payload in rubbish]
    random.shuffle(mixed)
    read, bad = RequestReader(SCHEMA).read([payload for payload, _ in mixed])
    expected = [payload for payload, fine in mixed if fine]
    assert sorted(bad) == [place for place, (_, fine) in enumerate(mixed) if not fine]
    assert all(bad.values())
    np.testing.assert_array_equal(read, RequestReader(SCHEMA).read(expected)[0])


def test_json_by_name_and_as_a_row_are_the_binary_row() -> None:
    reader = RequestReader(SCHEMA)
    named = json.dumps({"features": {"age": 41, "colour": "red"}}).encode()
    listed = json.dumps({"row": [41.0, 1, None]}).encode()
    read, bad = reader.read([named, listed])
    assert not bad
    np.testing.assert_array_equal(read, np.array([[41, 1, np.nan], [41, 1, np.nan]], np.float32))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "is not a row of 3 features"),
        (b"hello", "is not a row of 3 features"),
        (b"{", "is not JSON"),
        (b'{"features": [1, 2]}', "neither features nor row"),
        (b'{"features": {"age": "old", "colour": "red"}}', "must be a number"),
        (b'{"features": {"age": 3, "colour": "green"}}', "is not a known category"),
        (b'{"features": {"colour": "red"}}', "must be given"),
        (b'{"row": [1, 2]}', "must have 3"),
        (b'{"row": [1, 2, true]}', "must be a number"),
        (b'{"row": [1, 2, 1e300]}', "within float32"),
        (b'{"row": [1, 2, NaN]}', "must be finite"),
        (b'{"row": [1, 2, 1' + b"0" * 400 + b"]}", "within float32"),
        (b"[" * 5_000, "is not a row of 3 features"),
        (b'{"row": ' + b"[" * 5_000, "is not JSON"),
        (encode_request(np.zeros(2, np.float32)), "2 features"),
        (encode_request(np.zeros(3, np.float32))[:-1], "is not a row of 3 features"),
        (encode_request(np.zeros(3, np.float32)).replace(b"Dq\x01", b"Dq\x02"), "form 2"),
    ],
)
def test_every_kind_of_poison_says_what_is_wrong(payload: bytes, reason: str) -> None:
    read, bad = RequestReader(SCHEMA).read([payload])
    assert read.shape == (0, 3)
    assert reason in bad[0]


@given(
    st.sampled_from(Status),
    st.integers(-1, 32_767),
    st.integers(1, 100_000),
    FLOAT,
    st.integers(0, 2**32 - 1),
    st.lists(FLOAT, max_size=12),
)
def test_answers_survive_the_wire(
    status: Status, replica: int, attempts: int, start_s: float, lag: int, outputs: list[float]
) -> None:
    about = About(status, replica, attempts, start_s, lag, "0123456789ab")
    payload = encode_answer(about, np.array(outputs, "<f4").tobytes())
    fields = struct.unpack_from("<2sBBhHdI12s", payload)
    assert fields == (b"Da", 1, status, replica, min(attempts, 65_535), start_s, lag, b"0123456789ab")
    read, rest = decode_answer(payload)
    assert (read.status, read.replica, read.start_s, read.lag, read.version) == (
        status,
        replica,
        start_s,
        lag,
        about.version,
    )
    np.testing.assert_array_equal(outputs_of(rest), np.array(outputs, np.float64))


@given(st.binary(max_size=60).filter(lambda b: not b.startswith(b"Da\x01")))
def test_what_is_no_answer_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidValue, match="is not an answer"):
        decode_answer(payload)


def test_the_answer_in_json() -> None:
    about = About(Status.OK, 0, 1, 2.5, 0, "0123456789ab")
    assert json.loads(json_answer(about, {"no": 0.25, "yes": 0.75})) == {
        "status": "ok", "version": "0123456789ab", "outputs": {"no": 0.25, "yes": 0.75},
    }  # fmt: skip
