"""The OpenAPI document: it says what the server does, and schemathesis finds no request that shows otherwise."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from tests.strategies.serving.conftest import Served

load_all_checks()
# What a value's schema cannot say: that one row more or less, or a tensor's shape, must agree with another part.
LOOSELY_DOCUMENTED = {"negative_data_rejection", "positive_data_acceptance"}
# What is refused, as the document says; 413 is for more rows than the schema allows, which schemathesis forgets.
REFUSALS = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": [400, 404, 406, 408, 413, 415, 422]}}}
)


def check_everything(served: Served, mode: GenerationMode, examples: int, exclude: set[str]) -> set[str]:
    """Generate requests from the document and check the answers against it; the operations that were tried."""
    checks = CHECKS.get_by_names(sorted(set(CHECKS.get_all_names()) - exclude))
    document = schemathesis.openapi.from_url(f"{served.client.base_url}/openapi.json")
    tried = set()
    for found in document.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body and not operation.path_parameters:
            continue  # a path without parameters has nothing that could be wrong

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=checks)

        check()
        tried.add(operation.label)
    return tried


@pytest.mark.parametrize("model", ["cars", "flights"])
def test_requests_that_the_document_allows(model: str, request: pytest.FixtureRequest) -> None:
    tried = check_everything(request.getfixturevalue(model), GenerationMode.POSITIVE, 12, LOOSELY_DOCUMENTED)
    assert "POST /predict" in tried
    assert len(tried) > 25


def test_requests_that_the_document_forbids(cars: Served) -> None:
    tried = check_everything(cars, GenerationMode.NEGATIVE, 25, LOOSELY_DOCUMENTED)
    assert {"POST /predict", "POST /invocations", "POST /v2/models/{name}/infer"} <= tried


def test_the_native_protocol_takes_exactly_what_it_documents(cars: Served) -> None:
    document = schemathesis.openapi.from_url(f"{cars.client.base_url}/openapi.json", config=REFUSALS)
    operation = document["/predict"]["POST"]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate()

        check()


def test_every_prediction_has_an_example_that_works(tumour: Served, cars: Served, digits: Served) -> None:
    for served in (tumour, cars, digits):
        paths = served.client.get("/openapi.json").json()["paths"]
        tried = 0
        for path, methods in paths.items():
            if "post" not in methods or path.endswith(":regress"):
                continue
            body = methods["post"]["requestBody"]["content"]["application/json"]["schema"]
            name, version = served.package.manifest.name, served.package.version
            for example in body["examples"]:
                response = served.post(path.format(name=name, version=version), example)
                assert response.status_code == 200, (path, response.text)
                tried += 1
        assert tried >= 8


def test_examples_name_the_features_and_hold_real_values(tumour: Served) -> None:
    text = json.dumps(tumour.client.get("/openapi.json").json())
    assert '"mean_radius"' in text
    assert json.dumps(tumour.package.manifest.example) in text


def test_the_document_loads_nothing_from_elsewhere(tumour: Served) -> None:
    for path in ("/docs", "/redoc"):
        assert tumour.client.get(path).status_code == 404
