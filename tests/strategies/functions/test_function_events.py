"""Events as AWS documents them, and answers as it reads them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidValue
from strategies.functions.events import HttpAnswer, HttpRequest, made, read, understood, written

# Shapes from https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
FORMAT_2 = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/my/path",
    "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
    "cookies": ["cookie1", "cookie2"],
    "headers": {"header1": "value1", "header2": "value1,value2"},
    "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "api-id",
        "authentication": None,
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "http": {
            "method": "POST",
            "path": "/my/path",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
            "userAgent": "agent",
        },
        "requestId": "id",
        "routeKey": "$default",
        "stage": "$default",
        "time": "12/Mar/2020:19:03:58 +0000",
        "timeEpoch": 1583348638390,
    },
    "body": "Hello from Lambda",
    "pathParameters": {"parameter1": "value1"},
    "isBase64Encoded": False,
    "stageVariables": {"stageVariable1": "value1"},
}
FORMAT_1 = {
    "version": "1.0",
    "resource": "/my/path",
    "path": "/my/path",
    "httpMethod": "GET",
    "headers": {"Header1": "value1", "Header2": "value2"},
    "multiValueHeaders": {"Header1": ["value1"], "Header2": ["value1", "value2"]},
    "queryStringParameters": {"parameter1": "value1", "parameter2": "value"},
    "multiValueQueryStringParameters": {"parameter1": ["value1", "value2"], "parameter2": ["value"]},
    "requestContext": {"accountId": "123456789012", "httpMethod": "GET", "path": "/my/path", "stage": "$default"},
    "pathParameters": None,
    "stageVariables": None,
    "body": "Hello from Lambda!",
    "isBase64Encoded": False,
}


def test_format_2_is_read() -> None:
    found = read(FORMAT_2)
    assert found == HttpRequest(
        "POST",
        "/my/path",
        b"parameter1=value1&parameter1=value2&parameter2=value",
        [(b"header1", b"value1"), (b"header2", b"value1,value2"), (b"cookie", b"cookie1; cookie2")],
        b"Hello from Lambda",
    )


def test_format_1_is_read() -> None:
    found = read(FORMAT_1)
    assert found == HttpRequest(
        "GET",
        "/my/path",
        b"parameter1=value1&parameter1=value2&parameter2=value",
        [(b"header1", b"value1"), (b"header2", b"value1"), (b"header2", b"value2")],
        b"Hello from Lambda!",
        "1.0",
    )


def test_a_named_stage_is_no_part_of_the_path() -> None:
    context = {**FORMAT_2["requestContext"], "stage": "prod"}  # type: ignore[dict-item]
    found = read({**FORMAT_2, "rawPath": "/prod/predict", "requestContext": context})
    assert found is not None
    assert found.path == "/predict"


@pytest.mark.parametrize("event", [{"record": {"a": 1}}, {}, [1], "text", None, 3, {"requestContext": {}}])
def test_anything_else_is_a_direct_invocation(event: object) -> None:
    assert read(event) is None


@given(st.binary(max_size=200))
def test_a_base64_body_is_decoded(body: bytes) -> None:
    for event in (FORMAT_1, FORMAT_2):
        found = read({**event, "body": base64.b64encode(body).decode(), "isBase64Encoded": True})
        assert found is not None
        assert found.body == body


def test_a_body_that_is_not_base64_is_refused() -> None:
    with pytest.raises(InvalidValue, match="base64"):
        read({**FORMAT_2, "body": "not base64!", "isBase64Encoded": True})


@given(st.binary(max_size=200), st.sampled_from([b"application/json", b"text/html", b"image/png", b""]))
def test_what_a_function_url_makes_of_a_request_is_read_as_that_request(body: bytes, kind: bytes) -> None:
    request = HttpRequest("PUT", "/a/b", b"x=1&x=2", [(b"content-type", kind), (b"host", b"h")], body)
    event = json.loads(json.dumps(made(request, "id", "192.0.2.1", 1_600_000_000.5)))
    assert read(event) == request
    assert event["requestContext"]["timeEpoch"] == 1_600_000_000_500


@given(st.binary(max_size=200), st.sampled_from([b"application/json", b"image/png"]), st.sampled_from(["1.0", "2.0"]))
def test_an_answer_survives_the_way_through_the_gateway(body: bytes, kind: bytes, payload: str) -> None:
    sent = HttpAnswer(201, [(b"content-type", kind), (b"content-length", b"7"), (b"x-a", b"1")], body)
    result = json.loads(json.dumps(written(sent, payload)))
    assert ("multiValueHeaders" in result) == (payload == "1.0")
    found = understood(result)
    assert found == HttpAnswer(201, [(b"content-type", kind), (b"x-a", b"1")], body)


def test_a_result_without_a_status_is_the_body_of_a_200() -> None:
    found = understood({"message": "hello"})
    assert found is not None
    assert (found.status, json.loads(found.body)) == (200, {"message": "hello"})


@pytest.mark.parametrize("result", [{"statusCode": "many"}, {"statusCode": 200, "headers": 3},
                                    {"statusCode": 200, "body": "%", "isBase64Encoded": True}])  # fmt: skip
def test_a_malformed_result_is_recognised(result: object) -> None:
    assert understood(result) is None
