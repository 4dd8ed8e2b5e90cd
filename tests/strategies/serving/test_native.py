"""Drydock's own protocol."""

import numpy as np
import pytest

from tests.strategies.serving.conftest import Served


def test_one_record_one_row_many_of_each_answer_what_the_model_does(tumour: Served) -> None:
    (expected,) = tumour.expected(tumour.record)
    for body in ({"record": tumour.record}, {"row": tumour.row}):
        answer = tumour.post("/predict", body).raise_for_status().json()
        assert answer["version"] == tumour.package.version
        assert answer["classes"] == ["benign", "malignant"]
        assert np.float32(answer["prediction"]["probabilities"]).tolist() == expected
    for body in ({"records": [tumour.record] * 3}, {"rows": [tumour.row] * 3}):
        answer = tumour.post("/predict", body).raise_for_status().json()
        assert [np.float32(p["probabilities"]).tolist() for p in answer["predictions"]] == [expected] * 3
        assert {p["label"] for p in answer["predictions"]} == {"benign" if expected[1] < 0.5 else "malignant"}


def test_the_headers_say_who_answered_and_when(tumour: Served) -> None:
    first, second = (tumour.post("/predict", {"record": tumour.record}).headers for _ in range(2))
    assert first["x-drydock-version"] == tumour.package.version
    assert first["x-drydock-replica"] == "0"
    assert float(second["x-drydock-start"]) > float(first["x-drydock-start"])
    assert 0 < float(first["x-drydock-service"]) < 1


def test_the_start_is_on_this_machines_clock(tumour: Served) -> None:
    import time

    before_s = time.perf_counter()
    response = tumour.post("/predict", {"record": tumour.record})
    after_s = time.perf_counter()
    start_s = float(response.headers["x-drydock-start"])
    assert before_s < start_s < start_s + float(response.headers["x-drydock-service"]) < after_s


def test_a_multiclass_model_names_the_likeliest_class(digits: Served) -> None:
    prediction = digits.post("/predict", {"row": digits.row}).json()["prediction"]
    (expected,) = digits.expected(digits.record)
    assert prediction["label"] == str(int(np.argmax(expected)))
    assert np.float32(prediction["probabilities"]).tolist() == expected


def test_a_regression_answers_a_value(flights: Served) -> None:
    answer = flights.post("/predict", {"records": [flights.record] * 2}).json()
    expected = flights.expected(flights.record, flights.record)
    assert [[float(np.float32(p["value"]))] for p in answer["predictions"]] == expected
    assert "classes" not in answer


def test_categories_go_by_name_and_a_missing_value_by_null(cars: Served) -> None:
    record = {"fuel": "gas: natural", "price": 21_000, "range": None}
    (expected,) = cars.expected(record)
    assert expected != cars.expected({**record, "fuel": "electric"})[0]
    bodies = ({"record": record}, {"record": {"fuel": "gas: natural", "price": 21_000}}, {"row": list(record.values())})
    for body in bodies:
        answer = cars.post("/predict", body).raise_for_status().json()
        assert np.float32(answer["prediction"]["probabilities"]).tolist() == expected


@pytest.mark.parametrize(
    ("body", "field", "value", "rule"),
    [
        ({"record": {"fuel": "coal", "price": 1}}, "fuel", "'coal'", "is not a known category"),
        ({"record": {"fuel": "petrol", "price": "1"}}, "price", "'1'", "must be a number"),
        ({"record": {"fuel": "petrol", "price": True}}, "price", "True", "must be a number"),
        ({"record": {"fuel": "petrol", "price": 1e39}}, "price", "1e+39", "must be finite and within float32"),
        ({"record": {"fuel": "petrol", "price": [1]}}, "price", "[1]", "must be a number"),
        ({"record": {"fuel": "petrol"}}, "price", "None", "must be given"),
        ({"record": {"fuel": "petrol", "price": 1, "colour": "red"}}, "colour", "'red'", "is not a feature"),
        ({"record": [1, 2, 3]}, "row", "[1, 2, 3]", "must give each value by its name"),
        ({"row": ["petrol", 1]}, "number of values", "2", "must be 3"),
        ({"row": "petrol"}, "row", "'petrol'", "must list its values in order"),
        ({"rows": {"fuel": "petrol"}}, "rows", "{'fuel': 'petrol'}", "must be a list"),
        ({"record": {}, "row": []}, "body", "['record', 'row']", "must hold rows in one form"),
        ({}, "body", "[]", "must hold rows in one form"),
        ({"instances": []}, "instances", "[]", "is not known here"),
        ({"row": [], "verbose": True}, "verbose", "True", "is not known here"),
        ({"row": ["petrol", 1, 2], "version": 3}, "version", "3", "must be a string"),
    ],
)
def test_a_bad_value_is_named_with_the_rule_it_breaks(
    cars: Served, body: object, field: str, value: str, rule: str
) -> None:
    response = cars.post("/predict", body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["field"], problem["value"], problem["rule"]) == (field, value, rule)
    assert problem["status"] == 422
    assert problem["remedy"]
    assert field in problem["detail"]


def test_the_row_at_fault_is_counted_from_0(cars: Served) -> None:
    good = {"fuel": "petrol", "price": 1}
    response = cars.post("/predict", {"records": [good, good, {**good, "price": None}]})
    assert (response.status_code, response.json()["row"], response.json()["field"]) == (422, 2, "price")


def test_a_version_can_be_asked_for(tumour: Served) -> None:
    body = {"record": tumour.record, "version": tumour.package.version}
    assert tumour.post("/predict", body).status_code == 200
    response = tumour.post("/predict", {**body, "version": "000000000000"})
    assert (response.status_code, response.json()["field"]) == (404, "version")
    assert tumour.package.version in response.json()["detail"]


def test_the_model_describes_itself(cars: Served) -> None:
    found = cars.client.get("/model").json()
    assert found["name"] == "cars"
    assert [f["name"] for f in found["features"]] == ["fuel", "price", "range"]
    assert found["versions"] == [cars.package.version]
