"""Streaming end to end: a real server, two real consumers, and this process as the application."""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nats.aio.client import Client
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.provenance import Provenance
from data.schema import Feature
from data.trace import Status, Trace
from data.workloads.contract import OpenSchedule
from strategies.contract import Limits
from strategies.hosts.process import ProcessHost
from strategies.loadgen.driving import drive
from strategies.packaging.package import MANIFEST, ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.streaming import Streaming
from strategies.streams import models
from strategies.streams.codec import decode_answer, encode_request, outputs_of
from strategies.streams.dead_letters import dead_letters
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.facts import queue_s
from strategies.streams.topology import connected

N = 400
Rows = NDArray[np.float32]
Ask = Callable[[StreamingDeployment], Any]


@pytest.fixture(scope="module")
def deployment(module_home: Path, tumour_forest: ModelPackage, rows: Rows) -> Iterator[StreamingDeployment]:  # noqa: ARG001
    with Streaming().deploy(tumour_forest, ProcessHost(), Limits(workers=2, timeout_s=60)) as running:
        assert isinstance(running, StreamingDeployment)
        running.prepare(rows)
        yield running


def on_server(deployment: StreamingDeployment, work: Callable[[Client], Any]) -> Any:
    """Do something over a connection of `nats-py`, as any other application could."""
    return asyncio.run(connected(deployment.broker.url, work))


async def answer_to(client: Client, deployment: StreamingDeployment, request: str) -> list[bytes]:
    """The answers that bear a request's id, among the newest in the stream, once there is one."""
    js, stream = client.jetstream(), deployment.names.answers
    for _ in range(500):
        last = (await js.stream_info(stream)).state
        newest = range(max(last.first_seq, last.last_seq - 50), last.last_seq + 1)
        found = [await js.get_msg(stream, seq) for seq in newest]
        own = [m.data or b"" for m in found if (m.headers or {}).get("Nats-Msg-Id") == request]
        if own:
            return own
        await asyncio.sleep(0.02)
    raise AssertionError(f"no answer to {request}")


async def until_drained(client: Client, deployment: StreamingDeployment) -> None:
    """Wait until no request waits or is under way."""
    for _ in range(500):
        if (await client.jetstream().stream_info(deployment.names.requests)).state.messages == 0:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("requests are left in the stream")


async def until_stored(client: Client, deployment: StreamingDeployment, count: int) -> None:
    """Wait until so many requests are in the stream, while the deployment goes on writing."""
    for _ in range(500):
        deployment.poll(0.01)
        if (await client.jetstream().stream_info(deployment.names.requests)).state.messages >= count:
            return
    raise AssertionError(f"fewer than {count} requests came to be stored")


def test_every_request_gets_the_models_answer_and_both_consumers_work(
    deployment: StreamingDeployment, tumour_forest: ModelPackage, rows: Rows, right: Rows, asker: Ask
) -> None:
    before_s = time.perf_counter()
    ask = asker(deployment)
    for first in range(0, N, 20):  # in pieces, so that one consumer cannot take everything at once
        ask.send(range(first, first + 20), len(rows))
        ask.wait(first + 20)
    for i, (answer,) in ask.answers.items():
        assert (answer.status, answer.version, answer.attempts) == (Status.OK, tumour_forest.version, 1)
        assert before_s < answer.start_s < time.perf_counter()
        np.testing.assert_allclose(answer.outputs, right[i % len(rows)], atol=1e-5)
    assert {answer.replica for (answer,) in ask.answers.values()} == {0, 1}
    assert deployment.health() == ""


def test_the_load_generator_drives_it_into_a_trace(deployment: StreamingDeployment, rows: Rows, right: Rows) -> None:
    at_s = np.arange(100) / 200
    driven = drive(deployment, OpenSchedule(at_s, np.arange(100) % len(rows), 0.5), rows, timeout_s=20)
    columns = {name: column for name, column in driven.columns.items() if name != "answer"}
    usage = deployment.usage()
    about = Provenance("measured", "stream", "", 1)
    trace = Trace.build(columns, versions=driven.versions, usage=usage, provenance=about)
    assert trace.ok.all()
    np.testing.assert_allclose(driven.outputs, right[:100], atol=1e-5)
    waited_s = queue_s(trace)
    assert (waited_s > 0).all()
    assert (trace.start_s < trace.end_s).all()
    assert usage.cpu_s is not None
    assert usage.cpu_s > deployment.keeper.usage().cpu_s > 0  # type: ignore[operator]
    assert usage.sent_bytes is not None
    assert usage.sent_bytes > 100 * rows[0].nbytes


def test_lag_is_seen_while_requests_queue(deployment: StreamingDeployment, rows: Rows, asker: Ask) -> None:
    ask = asker(deployment)
    consumers = [pid for pids in deployment.keeper.pids for pid in pids]
    for pid in consumers:  # or they might keep up with whoever sends
        os.kill(pid, signal.SIGSTOP)
    ask.send(range(5_000), len(rows))
    on_server(deployment, partial(until_stored, deployment=deployment, count=4_000))
    for pid in consumers:
        os.kill(pid, signal.SIGCONT)
    ask.wait(5_000)
    facts = deployment.facts()
    assert facts.lag.max() > 100
    assert facts.lag[-1] < facts.lag.max()
    assert facts.lag_at_s.shape == facts.lag.shape
    assert facts.tally.unknown == facts.tally.repeated == 0


def test_other_publishers_are_answered_in_their_own_form(
    deployment: StreamingDeployment, tumour_forest: ModelPackage, rows: Rows, right: Rows
) -> None:
    names, schema = deployment.names, tumour_forest.manifest.schema
    record = json.dumps({"features": schema.decode(rows[3])}).encode()

    async def work(client: Client) -> tuple[bytes, bytes, bytes]:
        js = client.jetstream()
        await js.publish(names.requests, record, headers={"Nats-Msg-Id": "json-1", "Trace": "x"})
        await js.publish(names.requests, encode_request(rows[4]), headers={"Nats-Msg-Id": "binary-1"})
        nameless = await js.publish(names.requests, encode_request(rows[5]))
        found = [await answer_to(client, deployment, name) for name in ("json-1", "binary-1")]
        found.append(await answer_to(client, deployment, f"{names.requests}-{nameless.seq}"))
        assert all(len(each) == 1 for each in found)
        return found[0][0], found[1][0], found[2][0]

    in_json, binary, nameless = on_server(deployment, work)
    answer = json.loads(in_json)
    assert (answer["status"], answer["version"]) == ("ok", tumour_forest.version)
    assert list(answer["outputs"]) == ["benign", "malignant"]
    np.testing.assert_allclose(list(answer["outputs"].values()), right[3], atol=1e-5)
    np.testing.assert_allclose(outputs_of(decode_answer(binary)[1]), right[4], atol=1e-5)
    np.testing.assert_allclose(outputs_of(decode_answer(nameless)[1]), right[5], atol=1e-5)


POISON = {
    "rubbish": (b"\x00\xff rubbish", "is not a row of 30 features"),
    "empty": (b"", "is not a row of 30 features"),
    "short": (encode_request(np.zeros(3, np.float32)), "3 features"),
    "unknown": (b'{"features": {"shoe_size": 44}}', "shoe_size"),
    "broken": (b'{"features": ', "is not JSON"),
}


def test_poison_goes_to_the_dead_letters_with_its_reason_and_blocks_nobody(
    deployment: StreamingDeployment, rows: Rows, asker: Ask
) -> None:
    names = deployment.names
    ask = asker(deployment)

    async def work(client: Client) -> list[Any]:
        js = client.jetstream()
        for name, (payload, _) in POISON.items():
            await js.publish(names.requests, payload, headers={"Nats-Msg-Id": name})
            ask.send([len(ask.answers) + 1_000 * (1 + list(POISON).index(name))], len(rows))
        await until_drained(client, deployment)
        letters = await dead_letters(client, names)
        refused = {name: await answer_to(client, deployment, name) for name in POISON}
        return [letters, refused]

    letters, refused = on_server(deployment, work)
    ask.wait(len(POISON))
    assert all(answer.status == Status.OK for (answer,) in ask.answers.values())
    by_name = {letter.request: letter for letter in letters}
    assert by_name.keys() == POISON.keys()
    for name, (payload, reason) in POISON.items():
        assert by_name[name].payload == payload
        assert reason in by_name[name].reason
        assert by_name[name].deliveries == 1
        (answer,) = refused[name]
        told = json.loads(answer)["reason"] if payload.startswith(b"{") else decode_answer(answer)[1].decode()
        assert reason in told


def test_a_request_that_is_published_twice_is_answered_once(deployment: StreamingDeployment, rows: Rows) -> None:
    names = deployment.names

    async def work(client: Client) -> list[bytes]:
        js = client.jetstream()
        first = await js.publish(names.requests, encode_request(rows[0]), headers={"Nats-Msg-Id": "twice"})
        await answer_to(client, deployment, "twice")
        await until_drained(client, deployment)
        second = await js.publish(names.requests, encode_request(rows[0]), headers={"Nats-Msg-Id": "twice"})
        assert (first.duplicate, second.duplicate) == (None, True)
        await until_drained(client, deployment)
        return await answer_to(client, deployment, "twice")

    assert len(on_server(deployment, work)) == 1


def test_a_model_published_mid_stream_is_taken_up_without_a_gap(
    deployment: StreamingDeployment, tumour_forest: ModelPackage, other_forest: ModelPackage, rows: Rows, asker: Ask
) -> None:
    outputs = {package.version: load_predictor(package).predict(rows) for package in (tumour_forest, other_forest)}
    ask, sent = asker(deployment), 0
    for package in (other_forest, tumour_forest, other_forest, tumour_forest):
        deployment.publish(package)
        while not deployment.served():
            ask.send(range(sent, sent + 10), len(rows))
            sent += 10
            deployment.poll(0.002)
        fresh = sent
        ask.send(range(sent, sent + 50), len(rows))
        sent += 50
        ask.wait(sent)
        assert {ask.answers[i][0].version for i in range(fresh, sent)} == {package.version}
    assert sent > 4 * 50 + 40
    assert ask.answers.keys() == set(range(sent))
    for i, (answer,) in ask.answers.items():
        assert answer.status == Status.OK
        np.testing.assert_allclose(answer.outputs, outputs[answer.version][i % len(rows)], atol=1e-5)
    assert [(state.replica, state.version) for state in deployment.facts().consumers] == [
        (replica, tumour_forest.version) for replica in (0, 1)
    ]
    publications = deployment.facts().publications[-4:]
    assert [p.version for p in publications] == [other_forest.version, tumour_forest.version] * 2
    assert all(len(p.swapped_s) == 2 and p.staleness_s > 0 for p in publications)
    assert sum(p.old_answers for p in publications) > 0


def test_update_returns_once_new_requests_are_answered_by_the_new_model(
    deployment: StreamingDeployment, tumour_forest: ModelPackage, other_forest: ModelPackage, rows: Rows, asker: Ask
) -> None:
    for package in (other_forest, tumour_forest):
        deployment.update(package)
        ask = asker(deployment)
        ask.send(range(40), len(rows))
        assert {answer.version for (answer,) in ask.wait(40).values()} == {package.version}


def test_a_model_of_other_features_is_refused_and_the_old_one_stays(
    deployment: StreamingDeployment, tumour_forest: ModelPackage, digits_network: ModelPackage, rows: Rows, asker: Ask
) -> None:
    published = len(deployment.facts().publications)
    with pytest.raises(InvalidValue, match="differ from those that requests carry"):
        deployment.update(digits_network)
    ask = asker(deployment)
    ask.send(range(20), len(rows))
    assert {answer.version for (answer,) in ask.wait(20).values()} == {tumour_forest.version}
    assert len(deployment.facts().publications) == published

    async def newest(client: Client) -> str:
        found = await models.latest(client, deployment.names)
        assert found is not None
        return found.version

    assert on_server(deployment, newest) == tumour_forest.version


def test_a_model_that_was_changed_on_its_way_is_refused(
    deployment: StreamingDeployment,
    tumour_forest: ModelPackage,
    rows: Rows,
    asker: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = models.pack

    def spoiled(package: ModelPackage) -> bytes:
        return whole(package).replace(b"ai.onnx.ml", b"ai.onnx.mm")

    with monkeypatch.context() as patch:
        patch.setattr(models, "pack", spoiled)
        with pytest.raises(InvalidValue, match="is not the file packaged"):
            deployment.update(tumour_forest)
    ask = asker(deployment)
    ask.send(range(20), len(rows))
    assert all(answer.status == Status.OK for (answer,) in ask.wait(20).values())
    deployment.update(tumour_forest)


def test_a_package_travels_whole_or_not_at_all(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    data = models.pack(tumour_forest)
    assert data == models.pack(tumour_forest)
    digest = models.hashlib.sha256(data).hexdigest()
    assert models.unpack(data, digest, tmp_path).manifest == tumour_forest.manifest
    with pytest.raises(InvalidValue, match="is not the one announced"):
        models.unpack(data[:-1] + b"!", digest, tmp_path / "elsewhere")
    # A file that is not the one of the manifest is refused even when the announced hash covers it.
    forged = ModelPackage(tmp_path / "forged", replace(tumour_forest.manifest))
    shutil.copytree(tumour_forest.folder, forged.folder)
    forged.served_file.write_bytes(b"something else")
    assert (forged.folder / MANIFEST).is_file()
    data = models.pack(forged)
    with pytest.raises(InvalidValue, match="is not the file packaged"):
        models.unpack(data, models.hashlib.sha256(data).hexdigest(), tmp_path / "elsewhere")


def test_settings_are_checked_before_anything_starts(tumour_forest: ModelPackage) -> None:
    for settings, message in (
        ({"speed": 3}, "are not streaming's"),
        ({"queue_messages": 0}, "whole number above 0"),
        ({"queue_messages": 2.5}, "whole number above 0"),
        ({"ack_wait_s": True}, "number above 0"),
    ):
        with pytest.raises(InvalidValue, match=message):
            Streaming().deploy(tumour_forest, ProcessHost(), Limits(settings=settings))


def test_a_schema_is_told_by_what_its_numbers_mean(tumour_forest: ModelPackage) -> None:
    from strategies.streams.watcher import _read

    schema = tumour_forest.manifest.schema
    described = replace(schema, features=tuple(replace(f, description="new words") for f in schema.features))
    assert _read(described) == _read(schema)
    assert _read(replace(schema, features=(*schema.features[:-1], Feature("other")))) != _read(schema)
