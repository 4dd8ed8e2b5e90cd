"""Whatever is sent, the answer is a 4xx with a reason, or a right answer; the server goes on answering."""

import json
import math
import socket
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies.serving.conftest import Served

PATHS = ("/predict", "/v1/models/cars:predict", "/v1/models/cars:classify", "/v2/models/cars/infer", "/invocations")
RECORD = {"fuel": "petrol", "price": 20_000, "range": 300}


@pytest.fixture(autouse=True)
def still_answers(cars: Served) -> Iterator[None]:
    yield
    assert cars.post("/predict", {"record": RECORD}).status_code == 200


def assert_refused(response: httpx.Response) -> None:
    assert 400 <= response.status_code < 500, (response.status_code, response.text)
    said = response.json()
    reason = said.get("detail") or said.get("error")
    assert isinstance(reason, str)
    assert len(reason) > 10
    assert "Traceback" not in response.text


NOT_JSON = {
    "empty": b"",
    "blank": b"   ",
    "cut": b'{"record": {"fuel": ',
    "more": b'{"row": []} {"row": []}',
    "NaN": b'{"row": ["petrol", NaN, 1]}',
    "Infinity": b'{"row": ["petrol", Infinity, 1]}',
    "-Infinity": b'{"row": ["petrol", -Infinity, 1]}',
    "beyond double": b'{"row": ["petrol", 1e400, 1]}',
    "huge whole number": b'{"row": ["petrol", ' + b"9" * 5_000 + b", 1]}",
    "not UTF-8": b'{"record": {"fuel": "\xff\xfe"}}',
    "overlong UTF-8": b'{"record": {"fuel": "\xc0\xaf"}}',
    "lone surrogate": b'{"record": {"fuel": "\\ud800"}}',
    "UTF-16": '{"row": []}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"row": []}',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 3_000 + b"]" * 3_000,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "single quotes": b"{'row': []}",
    "comment": b'{"row": [] /* none */}',
    "trailing comma": b'{"row": [1,]}',
    "null byte": b'{"row": []}\x00',
    "form": b"row=1&row=2",
    "XML": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "pickle": b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_refused(cars: Served, path: str, body: bytes) -> None:
    response = cars.post(path, body)
    assert_refused(response)
    assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predict", b'{"record": {"fuel": "petrol", "price": 1, "price": 2}}'),
        ("/predict", b'{"row": ["petrol", 1, 2], "row": ["petrol", 1, 3]}'),
        ("/predict", b'{"records": [{"fuel": "petrol", "price": 1, "fuel": "petrol"}]}'),
        ("/v1/models/cars:predict", b'{"instances": [{"fuel": "petrol", "price": 1, "price": 2}]}'),
        ("/v1/models/cars:classify", b'{"context": {"fuel": "petrol", "fuel": "petrol"}, "examples": [{"price": 1}]}'),
        ("/v2/models/cars/infer", b'{"inputs": [{"name": "fuel", "name": "price"}]}'),
        ("/invocations", b'{"instances": [{"data": {"features": {"values": [1], "values": [1]}}}]}'),
    ],
)
def test_a_key_given_twice_is_refused(cars: Served, path: str, body: bytes) -> None:
    response = cars.post(path, body)
    assert_refused(response)
    assert "given twice" in response.text


def test_a_colon_within_a_string_is_no_key(cars: Served) -> None:
    assert cars.post("/predict", {"record": {"fuel": "gas: natural", "price": 1}}).status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/v2/models/cars/infer", "/invocations"])
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/xml", "x", ""],
)
def test_a_wrong_content_type_is_a_415(cars: Served, path: str, content_type: str) -> None:
    response = cars.post(path, {"record": RECORD}, headers={"content-type": content_type})
    if content_type or path != "/invocations":
        assert response.status_code == 415
    assert_refused(response)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_json_goes_by_several_names(cars: Served, content_type: str) -> None:
    assert cars.post("/predict", {"record": RECORD}, headers={"content-type": content_type}).status_code == 200


def test_a_compressed_body_is_a_415(cars: Served) -> None:
    response = cars.post("/predict", {"record": RECORD}, headers={"content-encoding": "gzip"})
    assert response.status_code == 415
    assert_refused(response)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1/nowhere", "/v2/nowhere", "/predict/", "/docs", "/v1/models/cars/train"]
)
def test_an_unknown_path_is_a_404_in_the_protocols_own_words(cars: Served, path: str) -> None:
    response = cars.post(path, {})
    assert response.status_code == 404
    assert_refused(response)
    assert ("error" in response.json()) == path.startswith("/v")


@pytest.mark.parametrize("path", PATHS)
def test_another_method_is_a_405(cars: Served, path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        response = cars.client.request(method, path, json={"record": RECORD})
        assert response.status_code == 405
        assert response.headers["allow"] == "POST"
        assert_refused(response)


@pytest.mark.parametrize(
    "raw",
    [
        b"NOT HTTP\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: minus\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /predict HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\x00" * 64,
    ],
)
def test_what_is_not_http_is_turned_away(cars: Served, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", cars.running.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:
            pass
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404"))


KEYS = [
    "record", "records", "row", "rows", "version", "instances", "inputs", "examples", "context", "features", "id",
    "signature_name", "name", "shape", "datatype", "data", "values", "outputs", "parameters", "b64", *RECORD,
]  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
    | st.sampled_from(["petrol", 0, -1, 2**63, 1e308, "features", "fuel"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_any_json_gets_an_answer_or_a_reason(cars: Served, path: str, value: object) -> None:
    response = cars.post(path, json.dumps(value).encode())
    if response.status_code != 200:
        assert_refused(response)


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_any_bytes_get_a_reason(cars: Served, path: str, body: bytes) -> None:
    assert_refused(cars.post(path, body))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=st.one_of(st.floats(), st.integers()), distance=st.one_of(st.none(), st.floats(width=32)))
def test_every_number_is_answered_or_named(cars: Served, price: float, distance: float | None) -> None:
    body = json.dumps({"record": {"fuel": "petrol", "price": price, "range": distance}}).encode()
    response = cars.post("/predict", body)
    if response.status_code != 200:
        assert_refused(response)
        assert not (abs(price) < 1e38 and (distance is None or math.isfinite(distance)))
