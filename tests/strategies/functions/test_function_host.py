"""The platform with real instances: what AWS documents of Lambda, seen from outside."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from data.errors import InvalidValue
from strategies.hosts.contract import Service, StartFailed
from strategies.hosts.function import FunctionHost, FunctionRunning
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage

ROOT = Path(__file__).parents[3]
PHASES = {"start", "import", "load", "first_prediction"}
Put = Callable[..., Any]
Make = Callable[..., Service]


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline_s = time.perf_counter() + timeout_s
    while not condition() and time.perf_counter() < deadline_s:
        time.sleep(0.02)
    return condition()


def test_it_scales_to_zero_and_starts_cold_again(tumour_forest: ModelPackage, make_service: Make, put: Put) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    with FunctionHost().run(make_service(tumour_forest, settings={"idle_s": 0.5})) as running:
        assert isinstance(running, FunctionRunning)
        front = running.pids
        assert len(front) == 1, "only the platform itself runs before the first request"
        replies = [put(running.port, "POST", "/predict", body) for _ in range(3)]
        instances = running.state().pids
        assert len(instances) == 1
        assert eventually(lambda: running.state().pids == ()), "it scales to zero after idle_s"
        assert not any(psutil.pid_exists(pid) for pid in instances)
        before = running.usage()
        time.sleep(0.1)
        assert running.usage().instance_s == before.instance_s, "nothing runs, nothing counts"
        replies.append(put(running.port, "POST", "/predict", body))
        state, usage = running.state(), running.usage()
    assert [reply.status for reply in replies] == [200] * 4
    assert [reply.headers["x-drydock-cold"] for reply in replies] == ["1", "0", "0", "1"]
    assert len({reply.body for reply in replies}) == 1
    assert (state.requests, state.cold, state.errors, state.throttled) == (4, 2, 0, 0)
    for start in state.cold_starts:
        phases = {name: start[name] for name in PHASES}
        assert all(seconds > 0 for seconds in phases.values())
        assert 0.5 * start["init"] < sum(phases.values()) <= start["init"], "phases are the init phase, taken apart"
    shortest_ms = 1e3 * sum(start["init"] for start in state.cold_starts)
    assert state.billed_ms >= shortest_ms, "the init phase is billed"
    assert usage.gb_s == pytest.approx(0.5 * state.billed_ms / 1e3)


def test_too_many_at_once_are_refused_with_429(tumour_forest: ModelPackage, make_service: Make, put: Put) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    replies: list[Any] = []
    with FunctionHost().run(make_service(tumour_forest, settings={"concurrency": 1})) as running:
        assert isinstance(running, FunctionRunning)
        first = threading.Thread(target=lambda: replies.append(put(running.port, "POST", "/predict", body)))
        first.start()
        assert eventually(lambda: running.state().under_way == 1)  # it waits for its cold start
        refused = put(running.port, "POST", "/predict", body)
        directly = put(running.port, "POST", "/2015-03-31/functions/drydock/invocations", body)
        first.join()
        later = put(running.port, "POST", "/predict", body)
        state = running.state()
    assert refused.status == directly.status == 429
    assert refused.json["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert (replies[0].status, later.status) == (200, 200)
    assert (state.throttled, state.cold, state.requests) == (2, 1, 2)


def test_what_is_provisioned_is_never_cold_and_never_expires(
    tumour_forest: ModelPackage, make_service: Make, put: Put
) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    settings = {"provisioned": 1, "concurrency": 2, "idle_s": 0.1}
    with FunctionHost().run(make_service(tumour_forest, settings=settings)) as running:
        assert isinstance(running, FunctionRunning)
        ready = running.state().pids
        assert len(ready) == 1
        first = put(running.port, "POST", "/predict", body)
        time.sleep(0.4)
        assert running.state().pids == ready
        os.kill(ready[0], signal.SIGKILL)  # a crash between requests costs the next one a cold start, not its answer
        assert eventually(lambda: running.state().pids == ())
        second = put(running.port, "POST", "/predict", body)
    assert (first.status, first.headers["x-drydock-cold"]) == (200, "0")
    assert (second.status, second.headers["x-drydock-cold"]) == (200, "1")


def test_the_instance_that_became_idle_last_is_taken(tumour_forest: ModelPackage, make_service: Make, put: Put) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    with FunctionHost().run(make_service(tumour_forest, settings={"provisioned": 2})) as running:
        taken = [put(running.port, "POST", "/predict", body).headers["x-drydock-replica"] for _ in range(6)]
    assert len(set(taken)) == 1


def test_its_answers_are_the_servers(
    function: FunctionRunning, tumour_forest: ModelPackage, make_service: Make, put: Put
) -> None:
    example = dict(tumour_forest.manifest.example)
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/predict", {"record": example}),
        ("POST", "/predict", {"rows": [list(example.values())] * 3}),
        ("POST", "/predict", {"record": {}}),
        ("POST", "/predict", b"{"),
        ("GET", "/model", None),
        ("GET", "/readyz", None),
        ("GET", "/v1/models/tumour", None),
        ("POST", "/v1/models/tumour:predict", {"instances": [list(example.values())]}),
        ("POST", "/v2/models/none/infer", {}),
        ("GET", "/predict", None),
        ("GET", "/nothing", None),
        ("GET", "/openapi.json", None),
    ]
    with ProcessHost().run(make_service(tumour_forest)) as server:
        for method, path, body in asked:
            ours, theirs = (put(running.port, method, path, body) for running in (function, server))
            assert (ours.status, ours.body) == (theirs.status, theirs.body), (method, path)
            assert ours.headers.get("content-type") == theirs.headers.get("content-type"), (method, path)


INVOKE = "/2015-03-31/functions/drydock/invocations"


def test_a_direct_invocation_is_answered_with_the_document(
    function: FunctionRunning, tumour_forest: ModelPackage, put: Put
) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    over_http, directly = put(function.port, "POST", "/predict", body), put(function.port, "POST", INVOKE, body)
    assert directly.status == 200
    assert directly.json == over_http.json
    assert "x-amz-function-error" not in directly.headers
    refused = put(function.port, "POST", INVOKE, {"recrod": {}})
    assert (refused.status, refused.headers["x-amz-function-error"]) == (200, "Unhandled")
    assert refused.json["errorType"] == "Refused"
    assert "recrod" in refused.json["errorMessage"]


@pytest.mark.parametrize("payload", ["1.0", "2.0"])
def test_the_gateways_events_are_answered_in_their_format(
    function: FunctionRunning, tumour_forest: ModelPackage, put: Put, payload: str
) -> None:
    text = json.dumps({"record": dict(tumour_forest.manifest.example)})
    if payload == "2.0":
        about: dict[str, Any] = {
            "version": "2.0", "routeKey": "$default", "rawPath": "/predict", "rawQueryString": "",
            "requestContext": {"http": {"method": "POST", "path": "/predict"}, "stage": "$default"},
        }  # fmt: skip
    else:
        about = {"resource": "/{proxy+}", "path": "/predict", "httpMethod": "POST", "requestContext": {"stage": "prod"}}
    plain = {**about, "headers": {"Content-Type": "application/json"}, "body": text, "isBase64Encoded": False}
    encoded = {**plain, "body": base64.b64encode(text.encode()).decode(), "isBase64Encoded": True}
    replies = [put(function.port, "POST", INVOKE, event).json for event in (plain, encoded)]
    expected = put(function.port, "POST", "/predict", text.encode())
    for reply in replies:
        assert reply["statusCode"] == 200
        assert reply["body"].encode() == expected.body
        assert reply["isBase64Encoded"] is False
        assert reply["headers"]["content-type"] == "application/json"
        assert ("multiValueHeaders" in reply) == (payload == "1.0")
    wrong = put(function.port, "POST", INVOKE, {**plain, "body": "!", "isBase64Encoded": True}).json
    assert wrong["statusCode"] == 400


def test_the_invoke_api_refuses_what_lambda_refuses(function: FunctionRunning, put: Put) -> None:
    kind = {"x-amz-invocation-type": "DryRun"}
    assert put(function.port, "POST", INVOKE, {}, kind).status == 204
    kind = {"x-amz-invocation-type": "Event"}
    assert put(function.port, "POST", INVOKE, {}, kind).headers["x-amzn-errortype"] == "InvalidParameterValueException"
    assert put(function.port, "POST", INVOKE, b"{").headers["x-amzn-errortype"] == "InvalidRequestContentException"
    assert put(function.port, "POST", "/2015-03-31/functions/other/invocations", {}).status == 404
    large = put(function.port, "POST", "/predict", b"0" * (7 << 20))
    assert large.status == 413


def test_its_state_is_told_to_its_host_alone(function: FunctionRunning, put: Put) -> None:
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer guess"}):
        assert put(function.port, "GET", "/_front/state", None, headers).status == 401
        assert put(function.port, "POST", "/admin/versions", {"folder": "/"}, headers).status == 401


def test_a_slow_answer_ends_the_instance(tumour_forest: ModelPackage, make_service: Make, put: Put) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    made = make_service(tumour_forest, settings={"provisioned": 1})
    made = replace(made, arguments=("--package", "{files:package}", "--timeout-s", "0.001"))
    with FunctionHost().run(made) as running:
        assert isinstance(running, FunctionRunning)
        (pid,) = running.state().pids
        os.kill(pid, signal.SIGSTOP)
        reply = put(running.port, "POST", "/predict", body)
        assert eventually(lambda: not psutil.pid_exists(pid))
        state = running.state()
    assert reply.status == 504
    assert "timed out" in reply.json["reason"]
    assert (state.errors, state.pids) == (1, ())


def test_an_instance_that_dies_at_its_work_fails_that_request(
    tumour_forest: ModelPackage, make_service: Make, put: Put
) -> None:
    body = {"record": dict(tumour_forest.manifest.example)}
    with FunctionHost().run(make_service(tumour_forest, settings={"provisioned": 1})) as running:
        assert isinstance(running, FunctionRunning)
        (pid,) = running.state().pids
        os.kill(pid, signal.SIGSTOP)
        replies: list[Any] = []
        asking = threading.Thread(target=lambda: replies.append(put(running.port, "POST", "/predict", body)))
        asking.start()
        assert eventually(lambda: running.state().under_way == 1)
        os.kill(pid, signal.SIGKILL)
        asking.join()
        again = put(running.port, "POST", "/predict", body)
    assert replies[0].status == 502
    assert "Runtime.ExitError: The instance was killed by SIGKILL" in replies[0].json["reason"]
    assert (again.status, again.headers["x-drydock-cold"]) == (200, "1")


def test_what_uses_more_than_its_memory_is_ended(tumour_forest: ModelPackage, make_service: Make, put: Put) -> None:
    rows = [[0] * len(tumour_forest.manifest.schema)] * 60_000  # 4 MB of text, and many times that as lists and answers
    made = make_service(
        tumour_forest, "--max-rows", "100000", "--max-body-bytes", "100000000", memory_bytes=128 << 20,
        settings={"provisioned": 1},
    )  # fmt: skip
    with FunctionHost().run(made) as running:
        reply = put(running.port, "POST", "/predict", {"rows": rows})
    assert reply.status == 502
    assert "Runtime.OutOfMemory" in reply.json["reason"]
    assert "of 128 MB" in reply.json["reason"]


def test_code_that_does_not_start_is_no_deployment(
    tumour_forest: ModelPackage, make_service: Make, tmp_path: Path
) -> None:
    made = make_service(tumour_forest)
    with pytest.raises(StartFailed, match=r"holds no manifest\.json"):
        with FunctionHost().run(replace(made, files={"package": tmp_path})):
            pytest.fail("it started without a package")
    with pytest.raises(StartFailed, match=r"longer than 0\.1 s"):
        with FunctionHost().run(replace(made, settings={"init_timeout_s": 0.1})):
            pytest.fail("no interpreter starts that quickly")


def test_what_makes_no_sense_for_a_function_is_refused(tumour_forest: ModelPackage, make_service: Make) -> None:
    made = make_service(tumour_forest)
    wrong = [replace(made, module="strategies.streams.consumer"), replace(made, cpus=1.0),
             replace(made, settings={"concurrency": 0}), replace(made, memory_bytes=1)]  # fmt: skip
    for service, name in zip(wrong, ("service", "cpus", "concurrency", "memory_mb"), strict=True):
        with pytest.raises(InvalidValue, match=name):
            with FunctionHost().run(service):
                pytest.fail("it started")


PARENT = """
import sys, time
from pathlib import Path
from strategies.hosts.contract import Service
from strategies.hosts.function import FunctionHost
service = Service("api", "strategies.serving", ("--package", sys.argv[1]), settings={"provisioned": 1})
with FunctionHost().run(service) as running:
    print(*running.pids, flush=True)
    time.sleep(60)
"""


def test_it_ends_with_a_parent_that_is_killed(tumour_forest: ModelPackage) -> None:
    command = [sys.executable, "-c", PARENT, str(tumour_forest.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2, "the platform and its instance"
        parent.kill()
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_a_cold_start_imports_nothing_that_it_does_not_need(tumour_forest: ModelPackage) -> None:
    code = (
        "import sys, strategies.functions.handler\n"
        "heavy = {'fastapi', 'starlette', 'uvicorn', 'pydantic', 'prometheus_client', 'pandas', 'pyarrow', 'sklearn'}\n"
        "sys.exit(f'imported at start: {heavy & set(sys.modules)}' if heavy & set(sys.modules) else 0)"
    )
    environment = {**os.environ, "DRYDOCK_ARGUMENTS": json.dumps(["--package", str(tumour_forest.folder)])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
