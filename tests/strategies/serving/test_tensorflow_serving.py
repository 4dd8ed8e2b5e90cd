"""TensorFlow Serving's REST protocol, by examples that follow https://www.tensorflow.org/tfx/serving/api_rest."""

import numpy as np
import pytest

from tests.strategies.serving.conftest import Served

TUMOUR = "/v1/models/tumour"


def as_float32(values: object) -> list[object]:
    found: list[object] = np.array(values, np.float32).tolist()
    return found


def test_rows_as_lists_and_as_objects(tumour: Served) -> None:
    expected = tumour.expected(tumour.record, tumour.record)
    for instances in ([tumour.row] * 2, [tumour.record] * 2):
        response = tumour.post(f"{TUMOUR}:predict", {"instances": instances})
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert list(response.json()) == ["predictions"]
        assert as_float32(response.json()["predictions"]) == expected


def test_columns(tumour: Served) -> None:
    columns = {name: [value, value] for name, value in tumour.record.items()}
    answer = tumour.post(f"{TUMOUR}:predict", {"inputs": columns}).json()
    assert list(answer) == ["outputs"]
    assert as_float32(answer["outputs"]) == tumour.expected(tumour.record, tumour.record)
    nested = {name: [[value]] for name, value in tumour.record.items()}
    assert as_float32(tumour.post(f"{TUMOUR}:predict", {"inputs": nested}).json()["outputs"]) == as_float32(
        tumour.expected(tumour.record)
    )


def test_the_signature_may_be_named(tumour: Served) -> None:
    body = {"instances": [tumour.row], "signature_name": "serving_default"}
    assert tumour.post(f"{TUMOUR}:predict", body).status_code == 200
    response = tumour.post(f"{TUMOUR}:predict", {**body, "signature_name": "other"})
    assert (response.status_code, "signature_name" in response.json()["error"]) == (400, True)


def test_the_content_type_does_not_matter(tumour: Served) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}  # what curl -d sends
    assert tumour.post(f"{TUMOUR}:predict", {"instances": [tumour.row]}, headers=headers).status_code == 200


def test_classify_pairs_labels_with_scores(tumour: Served) -> None:
    answer = tumour.post(f"{TUMOUR}:classify", {"examples": [tumour.record]}).json()
    assert list(answer) == ["results"]
    ((first, second),) = answer["results"]
    assert (first[0], second[0]) == ("benign", "malignant")
    assert as_float32([first[1], second[1]]) == as_float32(tumour.expected(tumour.record)[0])


def test_what_all_examples_share_goes_into_the_context(cars: Served) -> None:
    body = {"context": {"fuel": "petrol"}, "examples": [{"price": [20_000.0]}, {"price": 30_000, "range": 100}]}
    results = cars.post("/v1/models/cars:classify", body).json()["results"]
    expected = cars.expected({"fuel": "petrol", "price": 20_000}, {"fuel": "petrol", "price": 30_000, "range": 100})
    assert as_float32([[score for _, score in each] for each in results]) == expected
    twice = cars.post("/v1/models/cars:classify", {"context": {"price": 1}, "examples": [{"price": 1}]})
    assert twice.status_code == 400
    assert "context" in twice.json()["error"]


def test_regress(flights: Served) -> None:
    answer = flights.post(
        f"/v1/models/{flights.package.manifest.name}:regress", {"examples": [flights.record] * 2}
    ).json()
    assert as_float32(answer["results"]) == [value for (value,) in flights.expected(flights.record, flights.record)]
    values = flights.post(f"/v1/models/{flights.package.manifest.name}:predict", {"instances": [flights.row]}).json()[
        "predictions"
    ]
    assert as_float32(values) == flights.expected(flights.record)[0]


def test_a_verb_that_does_not_fit_the_model_is_refused(tumour: Served, flights: Served) -> None:
    wrong = tumour.post(f"{TUMOUR}:regress", {"examples": [tumour.record]})
    assert (wrong.status_code, "needs a regression model" in wrong.json()["error"]) == (400, True)
    wrong = flights.post(f"/v1/models/{flights.package.manifest.name}:classify", {"examples": [flights.record]})
    assert (wrong.status_code, "needs a classification model" in wrong.json()["error"]) == (400, True)


def test_status_and_metadata(tumour: Served, cars: Served) -> None:
    version = tumour.package.version
    status = {"version": version, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in (TUMOUR, f"{TUMOUR}/versions/{version}"):
        assert tumour.client.get(path).json() == {"model_version_status": [status]}
    metadata = cars.client.get("/v1/models/cars/metadata").json()
    assert metadata["model_spec"] == {"name": "cars", "signature_name": "", "version": cars.package.version}
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["fuel"]["dtype"] == "DT_STRING"
    assert signature["outputs"]["probabilities"]["tensor_shape"]["dim"][1]["size"] == "2"


def test_a_version_in_the_path(tumour: Served) -> None:
    body = {"instances": [tumour.row]}
    assert tumour.post(f"{TUMOUR}/versions/{tumour.package.version}:predict", body).status_code == 200
    for path in (f"{TUMOUR}/versions/123:predict", "/v1/models/other:predict"):
        response = tumour.post(path, body)
        assert response.status_code == 404
        assert list(response.json()) == ["error"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"instances": []}, {"instances": [[]]}, {"instances": [], "inputs": []}, {"instances": {"a": 1}},
        {"instances": ["petrol"]}, {"inputs": {"fuel": ["petrol"], "price": [1, 2]}}, {"inputs": {"fuel": "petrol"}},
        {"inputs": {}}, {"instances": [{"fuel": {"b64": "YQ=="}, "price": 1}]}, {"examples": []},
        {"instances": [["petrol", 1, 2], {"fuel": "petrol", "price": 1}]}, [], "text", None,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_400_with_an_error(cars: Served, body: object) -> None:
    response = cars.post("/v1/models/cars:predict", body)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert len(response.json()["error"]) > 10
