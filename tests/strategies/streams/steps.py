"""What tests of streams do again and again: deploy, look at the server, wait, and let consumers die."""

import asyncio
import os
import socket
import subprocess
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

from data.trace import Status
from strategies.contract import Answer, Limits
from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from strategies.packaging.package import ModelPackage
from strategies.streaming import Streaming
from strategies.streams import starting
from strategies.streams.broker import find_binary
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.topology import connected

ROOT = Path(__file__).parents[3]
Rows = NDArray[np.float32]
Ask = Callable[[StreamingDeployment], Any]


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


def drained(deployment: StreamingDeployment) -> bool:
    async def work(client: Client) -> bool:
        return (await client.jetstream().stream_info(deployment.names.requests)).state.messages == 0

    empty: bool = on_server(deployment.broker.url, work)
    return empty


def dying(monkeypatch: pytest.MonkeyPatch, where: str, once: Path | None = None) -> None:
    """Let deployments start consumers that kill themselves."""
    real = starting.service

    def service(*arguments: Any) -> Service:
        found = real(*arguments)
        fate = {"DIE_AT": where} | ({"DIE_ONCE": str(once)} if once else {})
        path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
        return replace(found, module="dying_consumer", environment={**found.environment, **fate, **path})

    monkeypatch.setattr(starting, "service", service)


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


def polled_until(deployment: StreamingDeployment, come_true: Callable[[], bool], wait_s: float = 0.02) -> None:
    """Let the deployment go on until something is true."""
    until_s = time.monotonic() + 30
    while not come_true():
        deployment.poll(wait_s)
        assert time.monotonic() < until_s, deployment.health()
