"""The Open Inference Protocol, by examples that follow kserve/open-inference-protocol's inference_rest.md."""

import numpy as np
import pytest

from tests.strategies.serving.conftest import Served

MODEL = "/v2/models/tumour"


def columns(served: Served, rows: int = 1, shape: tuple[int, ...] = ()) -> list[dict[str, object]]:
    """One tensor per feature, holding the example `rows` times."""
    return [
        {
            "name": name,
            "shape": [rows, *shape],
            "datatype": "BYTES" if isinstance(value, str) else "FP64",
            "data": [value] * rows,
        }
        for name, value in served.record.items()
    ]


def matrix(served: Served, rows: int = 1, nested: bool = False) -> dict[str, object]:
    data = [served.row] * rows if nested else served.row * rows
    return {"name": "features", "shape": [rows, len(served.row)], "datatype": "FP32", "data": data}


def test_health(tumour: Served) -> None:
    assert tumour.client.get("/v2/health/live").json() == {"live": True}
    assert tumour.client.get("/v2/health/ready").status_code == 200
    assert tumour.client.get(f"{MODEL}/ready").json() == {"name": "tumour", "ready": True}
    assert tumour.client.get(f"{MODEL}/versions/{tumour.package.version}/ready").json()["ready"] is True


def test_server_and_model_metadata(tumour: Served, cars: Served) -> None:
    server = tumour.client.get("/v2").json()
    assert (server["name"], server["extensions"]) == ("drydock", [])
    model = cars.client.get("/v2/models/cars").json()
    assert model["name"] == "cars"
    assert model["versions"] == [cars.package.version]
    assert model["inputs"][0] == {"name": "fuel", "datatype": "BYTES", "shape": [-1]}
    assert model["outputs"][0] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]}


@pytest.mark.parametrize("rows", [1, 3])
def test_infer_by_matrix_and_by_column(tumour: Served, rows: int) -> None:
    expected = np.array(tumour.expected(*[tumour.record] * rows), np.float32).ravel().tolist()
    inputs = ([matrix(tumour, rows)], [matrix(tumour, rows, nested=True)], columns(tumour, rows))
    for tensors in (*inputs, columns(tumour, rows, (1,))):
        answer = tumour.post(f"{MODEL}/infer", {"id": "42", "inputs": tensors}).raise_for_status().json()
        assert (answer["model_name"], answer["model_version"]) == ("tumour", tumour.package.version)
        assert answer["id"] == "42"
        probabilities, label = answer["outputs"]
        assert probabilities["shape"] == [rows, 2]
        assert probabilities["datatype"] == "FP32"
        assert np.float32(probabilities["data"]).tolist() == expected
        assert (label["name"], label["shape"], label["datatype"]) == ("label", [rows], "BYTES")
        assert len(label["data"]) == rows


def test_outputs_can_be_chosen(tumour: Served) -> None:
    body = {"inputs": [matrix(tumour)], "outputs": [{"name": "label"}]}
    answer = tumour.post(f"{MODEL}/infer", body).json()
    assert [tensor["name"] for tensor in answer["outputs"]] == ["label"]
    assert "id" not in answer


def test_a_regression_has_one_output(flights: Served) -> None:
    answer = flights.post(f"/v2/models/{flights.package.manifest.name}/infer", {"inputs": columns(flights)}).json()
    ((expected,),) = flights.expected(flights.record)
    (value,) = answer["outputs"]
    assert (value["name"], value["shape"]) == ("value", [1, 1])
    assert float(np.float32(value["data"][0])) == expected


def test_categories_by_name_or_by_code(cars: Served) -> None:
    (expected,) = cars.expected({"fuel": "petrol", "price": 20_000, "range": 300})
    named = [
        {"name": "fuel", "shape": [1], "datatype": "BYTES", "data": ["petrol"]},
        {"name": "price", "shape": [1], "datatype": "INT32", "data": [20_000]},
        {"name": "range", "shape": [1], "datatype": "FP32", "data": [300]},
    ]
    coded = [{"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [2, 20_000, 300]}]
    for inputs in (named, named[::-1], coded):
        outputs = cars.post("/v2/models/cars/infer", {"inputs": inputs}).raise_for_status().json()["outputs"]
        assert np.float32(outputs[0]["data"]).tolist() == expected


def test_a_version_in_the_path(tumour: Served) -> None:
    body = {"inputs": [matrix(tumour)]}
    assert tumour.post(f"{MODEL}/versions/{tumour.package.version}/infer", body).status_code == 200
    for path in (f"{MODEL}/versions/9/infer", "/v2/models/other/infer"):
        response = tumour.post(path, body)
        assert response.status_code == 404
        assert list(response.json()) == ["error"]
    assert tumour.client.get("/v2/models/other").status_code == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": [1, 29]}, "shape of features"),
        ({"shape": [2, 30]}, "number of values"),
        ({"shape": []}, "shape"),
        ({"shape": [-1, 30]}, "shape"),
        ({"shape": [1.5, 30]}, "shape"),
        ({"shape": [0, 30], "data": []}, "rows"),
        ({"shape": [10**15, 30]}, "rows"),
        ({"datatype": "COMPLEX"}, "datatype"),
        ({"datatype": 32}, "datatype"),
        ({"data": "0123"}, "data"),
        ({"data": [None] * 30}, "must be given"),
        ({"data": [[[1.0]]] * 30}, "must be a number"),
        ({"data": ["1"] * 30}, "must be a number"),
        ({"name": "other"}, "is not a feature"),
        ({"name": None}, "name"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_tensor_that_cannot_be_read_is_refused(tumour: Served, change: dict[str, object], said: str) -> None:
    response = tumour.post(f"{MODEL}/infer", {"inputs": [matrix(tumour) | change]})
    assert response.status_code in (400, 413)
    assert said in response.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inputs": []},
        {"inputs": {}},
        {"inputs": [1]},
        {"inputs": [], "id": 3},
        {"inputs": None},
        [],
        "x",
        {"id": "1"},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(tumour: Served, body: object) -> None:
    response = tumour.post(f"{MODEL}/infer", body)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]


def test_an_unknown_output_is_refused(tumour: Served) -> None:
    response = tumour.post(f"{MODEL}/infer", {"inputs": [matrix(tumour)], "outputs": [{"name": "loss"}]})
    assert (response.status_code, "loss" in response.json()["error"]) == (400, True)
