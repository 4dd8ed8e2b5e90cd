"""Limits, tokens and probes of a real server."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from strategies.packaging.package import ModelPackage
from tests.strategies.serving.conftest import Served, served

TOKEN = "a-token-of-the-harbour"


@pytest.fixture(scope="module")
def strict(tumour_forest: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with small limits that asks for a token."""
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text(f"{TOKEN}\n")
    arguments = ("--max-body-bytes", "20000", "--max-rows", "10", "--timeout-s", "0.6", "--idle-timeout-s", "1")
    with served(tumour_forest, arguments, {"DRYDOCK_TOKEN_FILE": str(file)}) as found:
        found.client.headers["authorization"] = f"Bearer {TOKEN}"
        yield found


def raw(server: Served, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Everything that a server answers to bytes sent in parts, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.running.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def head(*lines: str) -> bytes:
    first = ["POST /predict HTTP/1.1", "host: a", f"authorization: Bearer {TOKEN}", "content-type: application/json"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


@pytest.mark.parametrize("path", ["/predict", "/v1/models/tumour:predict", "/v2/models/tumour/infer", "/invocations"])
def test_a_body_beyond_the_limit_is_a_413(strict: Served, path: str) -> None:
    response = strict.post(path, b" " * 20_001)
    assert response.status_code == 413
    assert "20,000 bytes" in response.text
    assert response.headers["connection"] == "close"


def test_a_body_beyond_the_limit_is_not_kept(strict: Served) -> None:
    before = strict.running.usage().peak_bytes
    response = strict.post("/predict", b"x" * 40_000_000)
    after = strict.running.usage().peak_bytes
    assert response.status_code == 413
    assert before is not None
    assert after is not None
    assert after - before < 8_000_000


def test_a_chunked_body_beyond_the_limit_is_a_413(strict: Served) -> None:
    response = strict.client.post("/predict", content=(b"x" * 1_000 for _ in range(30)))
    assert response.status_code == 413


def test_a_body_may_come_in_pieces(strict: Served) -> None:
    text = json.dumps({"record": strict.record}).encode()
    pieces = (text[i : i + 100] for i in range(0, len(text), 100))
    headers = {"content-type": "application/json"}
    assert strict.client.post("/predict", content=pieces, headers=headers).status_code == 200


@pytest.mark.parametrize(("rows", "status"), [(10, 200), (11, 413), (0, 422)])
def test_rows_are_limited(strict: Served, rows: int, status: int) -> None:
    response = strict.post("/predict", {"rows": [strict.row] * rows})
    assert response.status_code == status
    if status != 200:
        assert response.json()["field"] == "rows"
        assert response.json()["value"] == str(rows)


def test_a_body_that_does_not_arrive_is_a_408(strict: Served) -> None:
    answer = raw(strict, head("content-length: 100") + b'{"record"')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"0.6 s" in answer


def test_headers_that_do_not_end_are_given_up(strict: Served) -> None:
    begun_s = time.perf_counter()
    assert raw(strict, b"POST /predict HTTP/1.1\r\nhost: a\r\nx-slow: ") == b""
    assert time.perf_counter() - begun_s < 5


def test_idle_connections_are_closed(strict: Served) -> None:
    begun_s = time.perf_counter()
    assert raw(strict) == b""
    assert 0.5 < time.perf_counter() - begun_s < 5


def test_a_continue_is_sent_to_those_who_wait_for_it(strict: Served) -> None:
    body = json.dumps({"record": strict.record}).encode()
    lines = head("expect: 100-continue", f"content-length: {len(body)}", "connection: close")
    answer = raw(strict, lines, body, pause_s=0.2)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"],
)
@pytest.mark.parametrize("path", ["/predict", "/v1/models/tumour:predict", "/v2/models/tumour/infer", "/nowhere"])
def test_without_the_token_there_is_no_answer(strict: Served, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    response = httpx.post(f"{strict.client.base_url}{path}", json={"record": strict.record}, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in response.text
    assert ("error" in response.json()) == path.startswith("/v")


def test_with_the_token_there_is(strict: Served) -> None:
    assert strict.post("/predict", {"record": strict.record}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"])
def test_probes_need_no_token(strict: Served, path: str) -> None:
    assert httpx.get(f"{strict.client.base_url}{path}").status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/model", "/openapi.json", "/v1/models/tumour", "/v2"])
def test_lookups_do(strict: Served, path: str) -> None:
    assert httpx.get(f"{strict.client.base_url}{path}").status_code == 401
    assert strict.client.get(path).status_code == 200


def test_secrets_are_not_in_the_arguments(strict: Served) -> None:
    import psutil

    for pid in strict.running.pids:
        assert TOKEN not in " ".join(psutil.Process(pid).cmdline())


def test_more_in_flight_than_allowed_is_a_503_that_says_when_to_come_back(tumour_forest: ModelPackage) -> None:
    with served(tumour_forest, ("--max-in-flight", "1", "--timeout-s", "3")) as server:
        waiting = [socket.create_connection(("127.0.0.1", server.running.port)) for _ in range(2)]
        try:
            for connection in waiting:
                connection.sendall(head("content-length: 100"))
            time.sleep(0.3)
            response = server.post("/predict", {"record": server.record})
            assert response.status_code == 503
            assert response.headers["retry-after"] == "1"
            assert "try again" in response.json()["detail"]
        finally:
            for connection in waiting:
                connection.close()
        time.sleep(0.2)
        assert server.post("/predict", {"record": server.record}).status_code == 200


def test_a_missing_secret_file_stops_the_start(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    from strategies.hosts.contract import StartFailed

    with pytest.raises(StartFailed, match="DRYDOCK_TOKEN_FILE"):
        with served(tumour_forest, (), {"DRYDOCK_TOKEN_FILE": str(tmp_path / "none")}):
            pytest.fail("it must not start without its token")
