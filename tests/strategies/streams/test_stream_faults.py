"""Streaming when something dies, is missing, or is full: nothing is lost, answered twice or left behind."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from numpy.typing import NDArray

from data.errors import Unavailable
from data.trace import Status
from strategies.contract import Answer, Limits
from strategies.hosts.contract import Service, StartFailed
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.streaming import Streaming
from strategies.streams import starting, topology
from strategies.streams.broker import find_binary
from strategies.streams.dead_letters import dead_letters
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.sizes import Sizes
from strategies.streams.topology import connected

ROOT = Path(__file__).parents[3]
Rows = NDArray[np.float32]
Ask = Callable[[StreamingDeployment], Any]


@pytest.fixture(autouse=True)
def _own_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - sets the state folder
    monkeypatch.delenv("NATS_URL", raising=False)


@contextmanager
def deployed(model: ModelPackage, rows: Rows, workers: int = 1, **settings: float) -> Iterator[StreamingDeployment]:
    limits = Limits(workers=workers, timeout_s=60, settings=dict(settings))
    with Streaming().deploy(model, ProcessHost(), limits) as running:
        assert isinstance(running, StreamingDeployment)
        running.prepare(rows)
        yield running


def on_server(url: str, work: Callable[[Client], Any]) -> Any:
    return asyncio.run(connected(url, work))


def gone(pid: int, within_s: float = 15.0) -> bool:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def consumer_pids(deployment: StreamingDeployment) -> list[int]:
    return [pid for pids in deployment.keeper.pids for pid in pids]


def checked(answers: dict[int, list[Answer]], right: Rows, count: int) -> list[Answer]:
    """Every request was answered, once and rightly."""
    assert answers.keys() == set(range(count))
    for i, each in answers.items():
        assert len(each) == 1
        assert each[0].status == Status.OK, each[0].reason
        np.testing.assert_allclose(each[0].outputs, right[i % len(right)], atol=1e-5)
    return [answer for (answer,) in answers.values()]


def stored_ids(deployment: StreamingDeployment) -> list[str]:
    """The ids of all answers that the server keeps."""

    async def work(client: Client) -> list[str]:
        js, stream = client.jetstream(), deployment.names.answers
        last = (await js.stream_info(stream)).state
        found = [await js.get_msg(stream, seq) for seq in range(last.first_seq, last.last_seq + 1)]
        return [(message.headers or {})["Nats-Msg-Id"] for message in found]

    found: list[str] = on_server(deployment.broker.url, work)
    return found


def deliveries(deployment: StreamingDeployment) -> int:
    """How often the server delivered requests to the group, counting repeats."""

    async def work(client: Client) -> int:
        info = await client.jetstream().consumer_info(deployment.names.requests, deployment.names.group)
        return int(info.delivered.consumer_seq)

    number: int = on_server(deployment.broker.url, work)
    return number


def dying(monkeypatch: pytest.MonkeyPatch, where: str, once: Path | None = None) -> None:
    """Let deployments start consumers that kill themselves."""
    real = starting.service

    def service(*arguments: Any) -> Service:
        found = real(*arguments)
        fate = {"DIE_AT": where} | ({"DIE_ONCE": str(once)} if once else {})
        path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
        return replace(found, module="dying_consumer", environment={**found.environment, **fate, **path})

    monkeypatch.setattr(starting, "service", service)


def test_a_consumer_that_dies_with_a_batch_in_hand_loses_nothing(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying(monkeypatch, "predicting", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=0.5) as deployment:
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        answers = checked(ask.wait(100), right, 100)
        assert (tmp_path / "died").exists()
        assert deployment.facts().restarts == 1
        assert max(answer.attempts for answer in answers) == 2
        assert deployment.facts().tally.redelivered > 0
        assert "SIGKILL" in deployment.keeper.last_death


def test_an_answer_that_was_stored_but_not_acknowledged_is_not_given_twice(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying(monkeypatch, "answered", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=0.5) as deployment:
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        answers = checked(ask.wait(100), right, 100)
        # All are answered; now the requests whose acknowledgement died are delivered and answered again.
        until_s = time.monotonic() + 30
        while deliveries(deployment) <= 100 or not drained(deployment):
            deployment.poll(0.02)
            assert time.monotonic() < until_s
        assert (tmp_path / "died").exists()
        assert any(answer.attempts == 1 for answer in answers)
        ids = stored_ids(deployment)
        assert len(ids) == len(set(ids)) == 100
        tally = deployment.facts().tally
        assert (tally.repeated, tally.unknown) == (0, 0)


def test_a_second_answer_that_the_server_no_longer_knows_for_one_is_dropped_here(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(topology, "DUPLICATE_WINDOW_S", 0.2)  # shorter than the time until the second answer
    dying(monkeypatch, "answered", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=1.0) as deployment:
        ask = asker(deployment)
        ask.send(range(30), len(rows))
        checked(ask.wait(30), right, 30)
        until_s = time.monotonic() + 30
        while not deployment.facts().tally.repeated or not drained(deployment):
            deployment.poll(0.02)
            assert time.monotonic() < until_s
        checked(ask.answers, right, 30)


def test_it_holds_when_the_server_dies_too_between_answer_and_acknowledgement(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying(monkeypatch, "answered", once=tmp_path / "died")
    with deployed(tumour_forest, rows, ack_wait_s=0.5) as deployment:
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        until_s = time.monotonic() + 30
        while not (tmp_path / "died").exists():
            deployment.poll(0.002)
            assert time.monotonic() < until_s
        deployment.broker.restart()  # type: ignore[attr-defined]
        checked(ask.wait(100), right, 100)
        while not drained(deployment):
            deployment.poll(0.02)
            assert time.monotonic() < until_s
        ids = stored_ids(deployment)
        assert len(ids) == len(set(ids)) == 100
        assert deployment.facts().reconnections == 1


def drained(deployment: StreamingDeployment) -> bool:
    async def work(client: Client) -> bool:
        return (await client.jetstream().stream_info(deployment.names.requests)).state.messages == 0

    empty: bool = on_server(deployment.broker.url, work)
    return empty


def test_a_request_that_kills_consumers_is_found_and_its_neighbours_are_answered(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(monkeypatch, "row")
    deadly = rows.copy()
    deadly[7, 0] = 666
    with deployed(tumour_forest, deadly, ack_wait_s=0.3) as deployment:
        ask = asker(deployment)
        ask.send(range(50), len(rows))
        answers = ask.wait(50)
        (culprit,) = answers.pop(7)
        assert culprit.status == Status.ERROR
        assert "was tried 4 times without an answer" in culprit.reason
        assert all(answer.status == Status.OK for (answer,) in answers.values())
        for i, (answer,) in answers.items():
            np.testing.assert_allclose(answer.outputs, right[i], atol=1e-5)
        (letter,) = on_server(deployment.broker.url, lambda client: dead_letters(client, deployment.names))
        assert letter.payload.endswith(deadly[7].tobytes())
        assert letter.deliveries == culprit.attempts == 4
        assert deployment.facts().restarts == 4
        assert deployment.facts().tally.dead_letters == 1
        assert drained(deployment)


def test_a_full_queue_rejects_and_what_it_took_is_answered(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask
) -> None:
    with deployed(tumour_forest, rows, queue_messages=50) as deployment:
        (pid,) = consumer_pids(deployment)
        os.kill(pid, signal.SIGSTOP)
        ask = asker(deployment)
        ask.send(range(80), len(rows))
        rejected = ask.wait(30)
        assert {answer.status for (answer,) in rejected.values()} == {Status.REJECTED}
        assert {answer.reason for (answer,) in rejected.values()} == {"maximum messages exceeded"}
        assert len(rejected) == 30
        os.kill(pid, signal.SIGCONT)
        answers = ask.wait(80)
        for i in range(50):
            np.testing.assert_allclose(answers[i][0].outputs, right[i], atol=1e-5)
        assert deployment.facts().tally.rejected == 30


def test_a_full_stream_of_answers_holds_the_consumers_back_and_costs_no_answer(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "DUPLICATE_WINDOW_S", 2.0)  # until an answer makes room for another
    limits = Limits(timeout_s=60)
    sizes = replace(Sizes.of(limits), answer_bytes=10_000, ack_wait_s=0.6)
    with starting.started(tumour_forest, ProcessHost(), limits, sizes) as deployment:
        deployment.prepare(rows)
        ask = asker(deployment)
        ask.send(range(100), len(rows))
        answers = checked(ask.wait(100), right, 100)
        (state,) = deployment.facts().consumers
        assert state.refused_answers > 0
        assert max(answer.attempts for answer in answers) == 1
        assert deployment.facts().tally.dead_letters == 0


def test_a_request_too_large_for_the_stream_fails_alone(tumour_forest: ModelPackage, asker: Ask) -> None:
    limits = Limits(timeout_s=60, max_body_bytes=1)
    with Streaming().deploy(tumour_forest, ProcessHost(), limits) as deployment:
        assert isinstance(deployment, StreamingDeployment)
        deployment.prepare(np.zeros((1, 2_000), np.float32))
        ask = asker(deployment)
        ask.send([0], 1)
        (answer,) = ask.wait(1)[0]
        assert (answer.status, answer.reason) == (Status.ERROR, "message size exceeds maximum allowed")


def test_a_request_that_nobody_answers_times_out(tumour_forest: ModelPackage, rows: Rows, asker: Ask) -> None:
    with Streaming().deploy(tumour_forest, ProcessHost(), Limits(timeout_s=0.3)) as deployment:
        assert isinstance(deployment, StreamingDeployment)
        deployment.prepare(rows)
        (pid,) = consumer_pids(deployment)
        os.kill(pid, signal.SIGSTOP)
        ask = asker(deployment)
        ask.send([0, 1], len(rows))
        assert {answer.status for (answer,) in ask.wait(2).values()} == {Status.TIMEOUT}
        os.kill(pid, signal.SIGCONT)
        until_s = time.monotonic() + 30
        while deployment.facts().tally.repeated < 2:  # too late: they are counted and told to nobody
            deployment.poll(0.02)
            assert time.monotonic() < until_s
        assert [len(each) for each in ask.answers.values()] == [1, 1]


def test_new_consumers_serve_the_newest_model_when_all_were_killed(
    tumour_forest: ModelPackage, other_forest: ModelPackage, rows: Rows, asker: Ask
) -> None:
    with deployed(tumour_forest, rows, workers=2, ack_wait_s=0.5) as deployment:
        deployment.update(other_forest)
        killed = consumer_pids(deployment)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        ask = asker(deployment)
        ask.send(range(50), len(rows))
        assert {answer.version for (answer,) in ask.wait(50).values()} == {other_forest.version}
        assert not set(killed) & set(consumer_pids(deployment))
        assert deployment.facts().restarts == 2
        assert deployment.health() == ""


def test_a_model_reaches_consumers_whose_server_was_away(
    tumour_forest: ModelPackage, other_forest: ModelPackage, rows: Rows, asker: Ask
) -> None:
    with deployed(tumour_forest, rows, workers=2) as deployment:
        deployment.broker.restart()  # type: ignore[attr-defined]
        time.sleep(0.5)  # nobody polls: the application learns of it only when it asks
        ask = asker(deployment)
        ask.send(range(20), len(rows))
        assert {answer.version for (answer,) in ask.wait(20).values()} == {tumour_forest.version}
        deployment.broker.restart()  # type: ignore[attr-defined]
        deployment.update(other_forest)
        ask = asker(deployment)
        ask.send(range(20), len(rows))
        assert {answer.version for (answer,) in ask.wait(20).values()} == {other_forest.version}


def test_nothing_is_left_after_close(home: Path, tumour_forest: ModelPackage, rows: Rows) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with deployed(tumour_forest, rows, workers=2) as deployment:
        port = int(deployment.broker.url.rpartition(":")[2])
        pids = [*consumer_pids(deployment), *deployment.broker.pids]  # type: ignore[attr-defined]
        assert len(pids) == 4
    assert all(gone(pid) for pid in pids)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    assert list((home / "streams").iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_consumers_that_cannot_start_say_why_and_leave_nothing(
    home: Path, tumour_forest: ModelPackage, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(monkeypatch, "nowhere")
    with pytest.raises(StartFailed, match="is no place to die at"):
        with deployed(tumour_forest, rows, workers=2):
            pass
    assert list((home / "streams").iterdir()) == []


@contextmanager
def foreign_server(folder: Path, *arguments: str) -> Iterator[str]:
    """A nats-server that is not ours; its host and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [find_binary(), "-a", "127.0.0.1", "-p", str(port), "-sd", folder, *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_s = time.monotonic() + 20
            while time.monotonic() < until_s:
                try:
                    socket.create_connection(("127.0.0.1", port), 1.0).close()
                    break
                except OSError:
                    time.sleep(0.01)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


async def stream_names(client: Client) -> list[str]:
    try:
        return [info.config.name or "" for info in await client.jetstream().streams_info()]
    except NotFoundError:
        return []


def test_a_server_of_ones_own_is_used_and_left_as_it_was(
    tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make_other(client: Client) -> None:
        await client.jetstream().add_stream(name="not_ours", subjects=["not_ours"])

    with foreign_server(tmp_path / "store", "-js", "--user", "me", "--pass", "p@ss") as address:
        url = f"nats://me:p%40ss@{address}"
        on_server(url, make_other)
        monkeypatch.setenv("NATS_URL", url)
        with deployed(tumour_forest, rows, workers=2) as one, deployed(tumour_forest, rows) as other:
            assert one.names.prefix != other.names.prefix
            assert len(on_server(url, stream_names)) == 11
            for deployment in (one, other):
                ask = asker(deployment)
                ask.send(range(50), len(rows))
                checked(ask.wait(50), right, 50)
            pids = [*consumer_pids(one), *consumer_pids(other)]
        assert on_server(url, stream_names) == ["not_ours"]
        assert all(gone(pid) for pid in pids)


def test_what_a_killed_process_left_on_a_shared_server_is_removed_by_the_next(
    tumour_forest: ModelPackage, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(tumour_forest.folder, tmp_path / "package")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from strategies.contract import Limits\nfrom strategies.hosts.process import ProcessHost\n"
        "from strategies.packaging.package import ModelPackage\nfrom strategies.streaming import Streaming\n"
        f"with Streaming().deploy(ModelPackage.open(Path({str(package)!r})), ProcessHost(), Limits()) as d:\n"
        "    print(*[pid for pids in d.keeper.pids for pid in pids], flush=True)\n    sys.stdin.read()\n"
    )
    with foreign_server(tmp_path / "store", "-js") as address:
        url = f"nats://{address}"
        monkeypatch.setenv("NATS_URL", url)
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            pids = [int(word) for word in parent.stdout.readline().split()]
            parent.kill()
        assert len(pids) == 1
        assert all(gone(pid) for pid in pids)
        left = on_server(url, stream_names)
        assert len(left) == 5
        with deployed(tumour_forest, rows):
            assert not set(left) & set(on_server(url, stream_names))
        assert on_server(url, stream_names) == []


def test_no_server_at_nats_url_is_said_at_once(tumour_forest: ModelPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", "nats://s3cret@127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9: .*refused.*correct NATS_URL") as caught:
        with Streaming().deploy(tumour_forest, ProcessHost(), Limits()):
            pass
    assert "s3cret" not in str(caught.value)


def test_a_server_without_jetstream_is_told_apart(
    tumour_forest: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with foreign_server(tmp_path / "store") as address:
        monkeypatch.setenv("NATS_URL", f"nats://{address}")
        with pytest.raises(Unavailable, match="enable JetStream"):
            with Streaming().deploy(tumour_forest, ProcessHost(), Limits()):
                pass
