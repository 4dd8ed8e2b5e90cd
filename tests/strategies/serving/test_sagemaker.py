"""SageMaker's container contract, by examples that follow its guide (cdf-inference, linear learner's answers)."""

import json

import numpy as np
import pytest

from tests.strategies.serving.conftest import Served


def csv(*rows: list[object]) -> bytes:
    return "".join(",".join("" if v is None else str(v) for v in row) + "\n" for row in rows).encode()


def test_ping_is_empty_and_quick(tumour: Served) -> None:
    assert tumour.client.get("/ping").status_code == 200


@pytest.mark.parametrize("wrap", ["features", "values", "bare"])
def test_json(tumour: Served, wrap: str) -> None:
    shapes = {
        "features": {"features": tumour.row},
        "values": {"data": {"features": {"values": tumour.row}}},
        "bare": tumour.row,
    }
    answer = tumour.post("/invocations", {"instances": [shapes[wrap]] * 2}).raise_for_status().json()
    (expected,) = tumour.expected(tumour.record)
    label = int(expected[1] >= 0.5)
    assert answer == {"predictions": [{"score": expected[1], "predicted_label": label}] * 2}


def test_json_lines(digits: Served) -> None:
    line = json.dumps({"features": digits.row}).encode() + b"\n"
    response = digits.post("/invocations", line * 2, headers={"content-type": "application/jsonlines"})
    assert response.headers["content-type"] == "application/jsonlines"
    answers = [json.loads(each) for each in response.text.splitlines()]
    (expected,) = digits.expected(digits.record)
    assert answers == [{"score": expected, "predicted_label": int(np.argmax(expected))}] * 2


def test_csv_in_csv_out(tumour: Served, digits: Served, flights: Served) -> None:
    headers = {"content-type": "text/csv"}
    (expected,) = tumour.expected(tumour.record)
    response = tumour.post("/invocations", csv(tumour.row, tumour.row), headers=headers)
    assert response.headers["content-type"] == "text/csv"
    assert [float(line) for line in response.text.splitlines()] == [expected[1]] * 2
    (expected,) = digits.expected(digits.record)
    assert [float(v) for v in digits.post("/invocations", csv(digits.row), headers=headers).text.split(",")] == expected
    ((value,),) = flights.expected(flights.record)
    assert float(flights.post("/invocations", csv(flights.row), headers=headers).text) == value


def test_an_empty_cell_is_a_missing_value(cars: Served) -> None:
    body = b'petrol,20000,\r\n"gas: natural",1e4,250\r\n'
    response = cars.post("/invocations", body, headers={"content-type": "text/csv; charset=utf-8"})
    expected = cars.expected({"fuel": "petrol", "price": 2e4}, {"fuel": "gas: natural", "price": 1e4, "range": 250})
    assert [float(line) for line in response.text.splitlines()] == [row[1] for row in expected]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("image/png, application/jsonlines;q=0.5", "application/jsonlines"),
        ("*/*", "text/csv"),
        ("application/*", "application/json"),
    ],
)
def test_the_answer_is_what_the_client_accepts(tumour: Served, accept: str, answered: str) -> None:
    headers = {"content-type": "text/csv", "accept": accept}
    assert tumour.post("/invocations", csv(tumour.row), headers=headers).headers["content-type"] == answered


def test_what_is_neither_understood_nor_possible_is_refused(tumour: Served) -> None:
    body = csv(tumour.row)
    assert tumour.post("/invocations", body, headers={"content-type": "text/libsvm"}).status_code == 415
    refused = tumour.post("/invocations", body, headers={"content-type": "text/csv", "accept": "image/png"})
    assert (refused.status_code, "image/png" in refused.json()["error"]) == (406, True)


@pytest.mark.parametrize(
    "body",
    [b"", b"\n\n", b"1,2,3", b"a" * 100, b'"1,2', b"\xff\xfe", b"nan," * 29 + b"1", b"1,inf" + b",1" * 28, b"1;" * 30],
)
def test_csv_that_cannot_be_read_is_refused(tumour: Served, body: bytes) -> None:
    response = tumour.post("/invocations", body, headers={"content-type": "text/csv"})
    assert response.status_code == 400
    assert list(response.json()) == ["error"]


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"instances": []}, {"instances": 1}, {"instances": [{"data": 1}]}, {"instances": [{"features": 1}]},
        {"instances": [{"data": {"features": []}}]}, {"instances": [{"features": [], "x": 1}]}, {"rows": []},
    ],
)  # fmt: skip
def test_json_that_cannot_be_read_is_refused(tumour: Served, body: object) -> None:
    response = tumour.post("/invocations", body)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
