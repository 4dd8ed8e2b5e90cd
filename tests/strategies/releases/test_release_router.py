"""The router before two real servers: who answers, what is copied, what is rescued, and what users never notice."""

import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.hosts.contract import Running, Service
from strategies.hosts.process import ProcessHost
from strategies.releases.live.steering import RouterFailed, Steering
from strategies.releases.router.answers import Reader, decile_edges
from strategies.releases.router.assigning import place_of
from strategies.releases.router.order import VARIABLE, Order

HERE = str(Path(__file__).parent)
SECRET = "s3cret"
Start = Callable[..., Running]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a backend, with whatever arguments."""
    monkeypatch.setenv("PYTHONPATH", HERE)
    with ExitStack() as stack:

        def run(name: str, *arguments: str) -> Running:
            service = Service(name, "release_backend", ("--name", name, *arguments))
            return stack.enter_context(ProcessHost().run(service))

        yield run


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Running, Running]]:
    """Two backends that survive their tests."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", HERE)
        services = (Service(name, "release_backend", ("--name", name)) for name in ("old", "new"))
        old, new = (stack.enter_context(ProcessHost().run(service)) for service in services)
        yield old, new


@pytest.fixture
def old(pair: tuple[Running, Running]) -> Running:
    return pair[0]


@pytest.fixture
def route() -> Iterator[Callable[..., tuple[Running, Steering]]]:
    """Starts a router that holds a policy at fixed shares."""
    with ExitStack() as stack:

        def run(old: Running, new: Running | None, policy: dict[str, Any], **more: Any) -> tuple[Running, Steering]:
            order = Order(policy=policy, old=old.port, new=new.port if new else 0, secret=SECRET, **more)
            service = Service("router", "strategies.releases.router", environment={VARIABLE: order.to_json()})
            running = stack.enter_context(ProcessHost().run(service))
            return running, Steering(running.port, SECRET)

        yield run


HALF = {"policy": "ab", "settings": {"interval_s": 60, "share": 0.5}}
ALONE = {"policy": "none"}
COPY = {"policy": "shadow", "settings": {"interval_s": 60}}


def ask(port: int, path: str = "/predict", body: str = "{}", key: str = "", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, headers | ({"x-drydock-key": key} if key else {}))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def look(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def said(body: str) -> str:
    return str(json.loads(body)["prediction"]["label"])


def test_before_a_release_begins_the_old_version_answers(pair: tuple[Running, Running], route: Any) -> None:
    router, steering = route(*pair, HALF)
    assert {said(ask(router.port)[1]) for _ in range(20)} == {"old"}
    assert steering.ask("status")["log"] == []


def test_keys_are_divided_as_the_share_says_and_stick(pair: tuple[Running, Running], route: Any) -> None:
    router, steering = route(*pair, HALF)
    steering.ask("begin")
    first = {key: said(ask(router.port, key=str(key))[1]) for key in range(200)}
    again = {key: said(ask(router.port, key=str(key))[1]) for key in range(200)}
    assert first == again
    expected = {key: "new" if place_of(str(key).encode()) < 0.5 else "old" for key in range(200)}
    assert first == expected
    assert Counter(first.values())["new"] == pytest.approx(100, abs=35)
    assert steering.ask("status")["totals"]["new"] == 2 * Counter(first.values())["new"]


def test_a_larger_share_keeps_the_users_of_a_smaller_one() -> None:
    places = np.array([place_of(str(i).encode(), b"salt") for i in range(20_000)])
    assert abs(np.histogram(places, 10, (0, 1))[0] - 2_000).max() < 250
    other = np.array([place_of(str(i).encode(), b"other") for i in range(20_000)])
    assert abs(np.corrcoef(places, other)[0, 1]) < 0.03


def test_a_shadow_gets_copies_and_users_never_its_answers(start: Start, old: Running, route: Any) -> None:
    new = start("new")
    router, steering = route(old, new, COPY)
    steering.ask("begin")
    assert {said(ask(router.port)[1]) for _ in range(40)} == {"old"}
    until(lambda: look(new.port, "/asked") == "40")
    totals = steering.ask("status")["totals"]
    assert totals["mirrored"] == 40
    assert totals["new"] == 0


def test_a_slow_shadow_delays_nobody(start: Start, old: Running, route: Any) -> None:
    router, steering = route(old, start("new", "--delay-s", "2"), COPY)
    steering.ask("begin")
    began_s = time.perf_counter()
    assert {said(ask(router.port)[1]) for _ in range(100)} == {"old"}
    assert time.perf_counter() - began_s < 2.0
    assert steering.ask("status")["totals"]["skipped"] == 100 - 64


def test_a_dead_shadow_is_not_noticed(start: Start, old: Running, route: Any) -> None:
    new = start("new")
    router, steering = route(old, new, COPY)
    steering.ask("begin")
    answers = []
    for i in range(60):
        if i == 20:
            with pytest.raises((http.client.HTTPException, OSError)):
                ask(new.port, "/die")
        answers.append(ask(router.port))
    assert {code for code, _ in answers} == {200}
    assert {said(body) for _, body in answers} == {"old"}


def test_requests_that_the_new_version_dies_of_are_rescued(start: Start, old: Running, route: Any) -> None:
    new = start("new")
    router, steering = route(old, new, HALF)
    steering.ask("begin")
    for i in range(60):
        if i == 20:
            with pytest.raises((http.client.HTTPException, OSError)):
                ask(new.port, "/die")
        code, body = ask(router.port, key=str(i))
        assert code == 200
        if i >= 20:
            assert said(body) == "old"
    totals = steering.ask("status")["totals"]
    assert totals["rescued"] == totals["new_failed"] > 10


def test_an_error_of_the_new_version_is_its_users(start: Start, old: Running, route: Any) -> None:
    router, steering = route(old, start("new", "--code", "500"), HALF)
    steering.ask("begin")
    codes = Counter(ask(router.port, key=str(key))[0] for key in range(100))
    assert codes[500] + codes[200] == 100
    assert steering.ask("status")["totals"]["new_failed"] == codes[500] > 20


def test_what_takes_too_long_ends_with_a_504(start: Start, route: Any) -> None:
    router, _ = route(start("old", "--delay-s", "30"), None, ALONE, timeout_s=0.3)
    began_s = time.perf_counter()
    code, _ = ask(router.port)
    assert code == 504
    assert time.perf_counter() - began_s < 5


def test_without_the_old_version_nobody_answers_and_users_are_told(old: Running, route: Any) -> None:
    router, steering = route(old, None, ALONE)
    steering.ask("versions", {"old": 0})
    assert ask(router.port)[0] == 503


def test_bodies_travel_unchanged_however_they_are_cut(old: Running, route: Any) -> None:
    router, _ = route(old, None, ALONE)
    body = "é" * 70_000
    raw = body.encode()
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH: %d\r\n\r\n" % len(raw)
    with socket.create_connection(("127.0.0.1", router.port), timeout=30) as connection:
        message = (head + raw) * 2  # two requests in one go
        for at in range(0, len(message), 9_973):
            connection.sendall(message[at : at + 9_973])
        found = b""
        while found.count(raw) < 2:
            chunk = connection.recv(1 << 16)
            assert chunk
            found += chunk
    assert found.count(b"HTTP/1.1 200") == 2


def test_a_chunked_answer_arrives_whole(start: Start, route: Any) -> None:
    router, _ = route(start("old", "--chunked"), None, ALONE)
    for _ in range(3):
        code, body = ask(router.port)
        assert (code, said(body)) == (200, "old")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /predict HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", b"411"),
        (b"POST /predict HTTP/1.1\r\ncontent-length: -4\r\n\r\n", b"411"),
        (b"POST /predict HTTP/1.1\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n", b"411"),
        (b"POST /predict HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, b"431"),
    ],
)
def test_what_cannot_be_routed_is_refused(old: Running, route: Any, head: bytes, status: bytes) -> None:
    router, _ = route(old, None, ALONE)
    with socket.create_connection(("127.0.0.1", router.port), timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(100).split()[1] == status


def test_only_who_has_the_secret_may_steer(old: Running, route: Any) -> None:
    router, steering = route(old, None, ALONE)
    assert ask(router.port, "/-/release/begin")[0] == 401
    with pytest.raises(RouterFailed, match="secret"):
        Steering(router.port, "guess").ask("stop")
    with pytest.raises(RouterFailed, match="no such path"):
        steering.ask("dance")
    with pytest.raises(RouterFailed, match="labels"):
        steering.ask("labels", {})


def test_stopping_gives_everything_back(pair: tuple[Running, Running], route: Any) -> None:
    router, steering = route(*pair, HALF)
    steering.ask("begin")
    steering.ask("stop", {"reason": "lunch"})
    assert {said(ask(router.port, key=str(k))[1]) for k in range(30)} == {"old"}
    state = steering.ask("status")
    assert state["stopped"] == "lunch"
    assert state["log"][-1]["canary"] == 0


def test_late_labels_count_for_who_answered(pair: tuple[Running, Running], route: Any) -> None:
    policy = {"policy": "ab", "settings": {"interval_s": 0.3, "share": 0.5}}
    router, steering = route(*pair, policy)
    steering.ask("begin")
    for i in range(80):
        ask(router.port, key=str(i), **{"x-request-id": f"r{i}"})
    labels = [[f"r{i}", "old"] for i in range(80)]
    assert steering.ask("labels", {"labels": [*labels, ["nobody", "old"]]})["known"] == 80

    def seen() -> list[tuple[int, int, int, int]]:
        log = steering.ask("status")["log"]
        return [(e["old"]["labelled"], e["old"]["wrong"], e["new"]["labelled"], e["new"]["wrong"]) for e in log]

    until(lambda: sum(map(sum, seen())) > 0)
    old, old_wrong, new, new_wrong = (sum(column) for column in zip(*seen(), strict=True))
    assert (old + new, old_wrong, new_wrong) == (80, 0, new)
    assert new == sum(place_of(str(i).encode()) < 0.5 for i in range(80))


@given(st.lists(st.floats(0, 1), min_size=20, max_size=300))
def test_deciles_part_answers_evenly(answers: list[float]) -> None:
    edges = decile_edges(answers)
    assert len(edges) == 9
    assert list(edges) == sorted(edges)
    reader = Reader(edges)
    body = json.dumps({"prediction": {"label": "x", "probabilities": [0.5, answers[0]]}}).encode()
    assert 0 <= reader.read(body).bin <= 9


def test_answers_are_read_and_compared() -> None:
    reader = Reader()
    value = reader.read(b'{"prediction":{"value":2.0}}')
    assert reader.same(value.label, 2.001)
    assert not reader.same(value.label, 2.1)
    assert reader.read(b'{"prediction":{"label":"c","probabilities":[0.1,0.2,0.7]}}') == ("c", 2)
    assert reader.read(b"not JSON") == ("not JSON", -1)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline_s = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < deadline_s, "it never came true"
        time.sleep(0.02)
