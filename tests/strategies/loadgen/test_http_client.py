"""The HTTP client against a server whose every misdeed is known."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from data.trace import Status
from strategies.contract import Answer
from strategies.loadgen.http_client import HttpClient
from strategies.loadgen.http_message import Exchange, request_bytes, to_answer
from tests.strategies.loadgen.null_server import null_server

Ask = Callable[..., list[Exchange]]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with null_server() as (found, _):
        yield found


def ask(client: HttpClient, *paths: str, body: bytes = b"{}", until_s: float = 10.0) -> list[Exchange]:
    """Send all at once and wait for all; outcomes in the order in which they came."""
    over: list[Exchange] = []
    for i, path in enumerate(paths):
        client.send(
            request_bytes("POST", path, "127.0.0.1", body, {"content-type": "application/json"}), over.append, i
        )
    deadline_s = time.perf_counter() + until_s
    while len(over) < len(paths):
        assert time.perf_counter() < deadline_s, "not every request was settled"
        client.poll(0.05)
    return over


@pytest.fixture
def client(port: int) -> Iterator[HttpClient]:
    made = HttpClient(port, timeout_s=3.0)
    yield made
    made.close()


def test_an_answer_has_code_headers_and_body(client: HttpClient) -> None:
    (one,) = ask(client, "/delay/0")
    assert (one.failure, one.code, one.body) == (None, 200, b"{}")
    assert one.headers[b"x-drydock-version"] == b"null-1"


@pytest.mark.parametrize("pieces", [2, 7, 30])
def test_a_response_may_arrive_in_several_reads(client: HttpClient, pieces: int) -> None:
    one, two = ask(client, f"/pieces/{pieces}", f"/pieces/{pieces}")
    assert [(e.failure, e.code, e.body) for e in (one, two)] == [(None, 200, b"{}")] * 2


def test_an_informational_response_precedes_the_answer_in_one_read(client: HttpClient) -> None:
    (one,) = ask(client, "/hundred")
    assert (one.failure, one.code, one.body) == (None, 200, b"{}")
    assert b"x-first" not in one.headers
    assert ask(client, "/delay/0")[0].code == 200


def test_of_two_responses_the_first_counts_and_the_connection_is_given_up(client: HttpClient) -> None:
    assert [e.code for e in ask(client, "/twice")] == [200]
    assert [e.code for e in ask(client, "/delay/0")] == [200]


def test_a_large_body_arrives_whole(client: HttpClient) -> None:
    (one,) = ask(client, "/size/3000000")
    assert one.body == b"x" * 3_000_000


def test_a_large_request_is_sent_whole(client: HttpClient) -> None:
    before = client.bytes_moved
    (one,) = ask(client, "/delay/0", body=b"y" * 8_000_000)
    assert one.code == 200
    assert client.bytes_moved - before > 8_000_000


def test_a_refusal_before_the_whole_request_was_read_is_understood(client: HttpClient) -> None:
    (one,) = ask(client, "/early", body=b"y" * 100)
    assert (one.code, one.body) == (413, b"too large")
    (large,) = ask(client, "/early", body=b"y" * 8_000_000)
    # With bytes of the request unread, the kernel may throw the answer away: then it is a failure, never a silence.
    assert large.code == 413 or large.failure is not None


def test_a_connection_is_kept_and_used_again(port: int) -> None:
    client = HttpClient(port, timeout_s=3.0, max_connections=1)
    # Only a connection that has served before is dropped, so this fails if each request made its own.
    assert ask(client, "/drop-reused")[0].attempts == 1
    (second,) = ask(client, "/drop-reused")
    assert (second.code, second.attempts) == (200, 2)
    client.close()


def test_a_connection_closed_while_idle_is_replaced(client: HttpClient) -> None:
    for _ in range(3):
        assert ask(client, "/leave")[0].code == 200
        time.sleep(0.05)  # not polled meanwhile: the client finds out only when it sends
    assert ask(client, "/delay/0")[0].code == 200
    for _ in range(3):
        assert ask(client, "/leave")[0].code == 200
        client.poll(0.05)  # or while it waits
    assert ask(client, "/delay/0")[0].code == 200


def test_a_server_that_closes_is_taken_at_its_word(client: HttpClient) -> None:
    assert [e.code for e in ask(client, *["/close"] * 5)] == [200] * 5
    assert [(e.code, e.body) for e in ask(client, "/unframed")] == [(200, b"unframed")]
    assert ask(client, "/delay/0")[0].attempts == 1


def test_a_first_request_is_not_repeated(port: int) -> None:
    # On a new connection the server may have acted on it, so trying again is not safe.
    client = HttpClient(port, timeout_s=3.0)
    (one,) = ask(client, "/drop")
    assert one.attempts == 1
    assert one.failure == (Status.ERROR, "the server closed the connection before its answer was complete")
    client.close()


def test_an_answer_that_had_begun_is_not_asked_for_again(client: HttpClient) -> None:
    ask(client, "/delay/0")
    (one,) = ask(client, "/cut")
    assert one.failure is not None
    assert one.attempts == 1


def test_what_is_not_http_is_an_error(client: HttpClient) -> None:
    (one,) = ask(client, "/garbage")
    assert one.failure is not None
    assert one.failure[0] == Status.ERROR
    assert "not HTTP" in one.failure[1]


def test_silence_ends_in_a_timeout_and_the_client_goes_on(port: int) -> None:
    client = HttpClient(port, timeout_s=0.2, max_connections=1)
    begun_s = time.perf_counter()
    silent, waiting = ask(client, "/silent", "/silent")
    assert [e.failure for e in (silent, waiting)] == [(Status.TIMEOUT, "no answer in time")] * 2
    assert time.perf_counter() - begun_s >= 0.2
    assert ask(client, "/delay/0")[0].code == 200
    client.close()


def test_requests_beyond_the_bound_wait_in_line(port: int) -> None:
    client = HttpClient(port, timeout_s=5.0, max_connections=2)
    begun_s = time.perf_counter()
    over = ask(client, *["/delay/0.1"] * 6)
    assert time.perf_counter() - begun_s >= 0.3  # three rounds of two
    assert [e.token for e in over] == list(range(6))
    client.close()


def test_connections_made_beforehand_stay_within_the_bound(port: int) -> None:
    client = HttpClient(port, timeout_s=3.0, max_connections=3)
    client.open(10)
    client.open(10)
    assert [e.code for e in ask(client, *["/delay/0"] * 20)] == [200] * 20
    client.close()


def test_nobody_listening_is_an_error_at_once_for_each() -> None:
    with null_server() as (gone, _):
        pass
    client = HttpClient(gone, timeout_s=3.0, max_connections=4)
    over = ask(client, *["/delay/0"] * 50)
    assert {e.failure[0] for e in over if e.failure} == {Status.ERROR}
    assert all("no connection" in e.failure[1] for e in over if e.failure)
    assert len(over) == 50
    client.close()


def test_a_server_killed_meanwhile_fails_what_is_under_way() -> None:
    with null_server() as (port, process):
        client = HttpClient(port, timeout_s=5.0)
        ask(client, *["/delay/0"] * 4)
        over: list[Exchange] = []
        for i in range(4):
            client.send(request_bytes("GET", "/silent", "h"), over.append, i)
        client.poll(0.05)
        process.kill()
        deadline_s = time.perf_counter() + 5
        while len(over) < 4 and time.perf_counter() < deadline_s:
            client.poll(0.05)
        assert [e.failure and e.failure[0] for e in over] == [Status.ERROR] * 4
        client.close()


def test_closing_settles_what_is_under_way(port: int) -> None:
    client = HttpClient(port, timeout_s=5.0, max_connections=1)
    over: list[Exchange] = []
    for i in range(3):
        client.send(request_bytes("GET", "/silent", "h"), over.append, i)
    client.close()
    assert sorted(e.token for e in over) == [0, 1, 2]
    assert {e.failure for e in over} == {(Status.ERROR, "the client was closed")}


def test_waiting_without_connections_waits(port: int) -> None:
    client = HttpClient(port, timeout_s=5.0)
    begun_s = time.perf_counter()
    client.poll(0.05)
    assert time.perf_counter() - begun_s >= 0.045
    client.close()


def _answer(code: int = 200, failure: tuple[Status, str] | None = None, **headers: str) -> Answer:
    exchange = Exchange(7, b"", lambda _: None, 0.0)
    exchange.code, exchange.body, exchange.failure = code, b"[0.25, 0.75]", failure
    exchange.headers = {f"x-drydock-{k}".encode(): v.encode() for k, v in headers.items()}
    return to_answer(exchange, lambda body: np.array(eval(body)))


@pytest.mark.parametrize(
    ("code", "status"),
    [(200, Status.OK), (201, Status.OK), (429, Status.REJECTED), (503, Status.REJECTED), (500, Status.ERROR),
     (422, Status.ERROR), (302, Status.ERROR)],
)  # fmt: skip
def test_codes_become_statuses_with_their_reason(code: int, status: Status) -> None:
    answer = _answer(code)
    assert (answer.id, answer.status) == (7, status)
    assert (answer.outputs is not None) == (status == Status.OK)
    assert answer.reason == ("" if status == Status.OK else f"HTTP {code}: [0.25, 0.75]")


def test_headers_say_who_answered_and_when() -> None:
    answer = _answer(version="abc", replica="3", start="12.5", cold="1")
    assert (answer.version, answer.replica, answer.start_s, answer.cold) == ("abc", 3, 12.5, True)
    plain = _answer()
    assert (plain.version, plain.replica, plain.cold) == ("", -1, False)
    assert np.isnan(plain.start_s)


def test_a_failure_carries_over_and_an_unreadable_body_is_an_error() -> None:
    assert _answer(failure=(Status.TIMEOUT, "no answer in time")).status == Status.TIMEOUT
    exchange = Exchange(1, b"", lambda _: None, 0.0)
    exchange.code, exchange.body = 200, b"<html>" * 100
    answer = to_answer(exchange, lambda body: np.array([float(body)]))
    assert answer.status == Status.ERROR
    assert answer.reason.startswith("unreadable answer (ValueError): <html>")
    assert len(answer.reason) < 250
