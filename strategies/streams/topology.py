"""The streams and consumers of a deployment on the server: made at its start, removed at its end.

| stream   | keeps                                     | full when                 | then                           |
| requests | each until it was answered (a work queue) | `queue_messages` wait     | a publisher is refused         |
| answers  | each for `DUPLICATE_WINDOW_S`             | `answer_bytes` are held   | consumers wait, requests queue |
| dead     | the last 10,000 dead letters              | never                     | the oldest goes                |
| models   | the last 64 model events                  | never                     | the oldest goes                |

Answers are kept as long as the server remembers their ids, rather than until they are read: a server that restarts
learns the ids anew from what the stream still holds, so that a second answer to a request is refused even then.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import nats
import psutil
from nats.aio.client import Client
from nats.js import api
from nats.js.errors import NotFoundError, ServiceUnavailableError

from data.errors import Unavailable
from strategies.streams.dial import addresses, reach
from strategies.streams.names import ROOT, Names
from strategies.streams.sizes import Sizes

DUPLICATE_WINDOW_S = 120.0
MAX_DEAD_LETTERS = 10_000
MODEL_BYTES = 1 << 30
API_TIMEOUT_S = 10.0
T = TypeVar("T")


async def connected(url: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do some work over a connection of `nats-py` that lives as long as the work.

    `Unavailable` says why no server of the URL let us in.
    """

    async def quiet(_: Exception) -> None:
        return

    # nats-py leaves its socket open when it is not let in, and tells less about why.
    await asyncio.to_thread(reach, url, "drydock")
    servers = addresses(url)
    client = await nats.connect(
        [server.plain for server in servers], connect_timeout=5, allow_reconnect=False, error_cb=quiet,
        user=servers[0].user or None, password=servers[0].password or None, token=servers[0].token or None,
    )  # fmt: skip
    try:
        return await work(client)
    finally:
        await client.close()


async def create(client: Client, names: Names, sizes: Sizes, shared: bool = False) -> None:
    """Make all streams and consumers of a deployment, on a `shared` server after removing what dead ones left there.

    `Unavailable` when the server has no JetStream, or does not let us.
    """
    js = client.jetstream(timeout=API_TIMEOUT_S)
    try:
        if shared:
            await sweep(client)
        for config in stream_configs(names, sizes):
            await js.add_stream(config)
        for consumer in consumer_configs(names, sizes):
            await js.add_consumer(names.requests, consumer)
        await js.create_object_store(names.bucket, config=api.ObjectStoreConfig(max_bytes=MODEL_BYTES))
    except ServiceUnavailableError as error:
        raise Unavailable("the NATS server has no JetStream", "enable JetStream on it, for this account") from error
    except Exception as error:
        await remove(client, names)
        raise Unavailable(
            f"the NATS server refused to make the deployment's streams ({error})",
            "allow this account to make streams, and that many and large ones",
        ) from error


def stream_configs(names: Names, sizes: Sizes) -> list[api.StreamConfig]:
    """The streams, as the server is asked for them."""
    kept: dict[str, Any] = {"storage": api.StorageType.FILE, "allow_direct": True}
    return [
        api.StreamConfig(
            name=names.requests, subjects=[names.requests, names.suspects], retention=api.RetentionPolicy.WORK_QUEUE,
            discard=api.DiscardPolicy.NEW, max_msgs=sizes.queue_messages, max_bytes=sizes.queue_bytes,
            max_msg_size=sizes.message_bytes, duplicate_window=DUPLICATE_WINDOW_S, metadata=owner(), **kept,
        ),
        api.StreamConfig(
            name=names.answers, subjects=[names.answers], discard=api.DiscardPolicy.NEW, max_bytes=sizes.answer_bytes,
            max_age=DUPLICATE_WINDOW_S, duplicate_window=DUPLICATE_WINDOW_S, **kept,
        ),
        api.StreamConfig(name=names.dead, subjects=[names.dead], max_msgs=MAX_DEAD_LETTERS, **kept),
        api.StreamConfig(name=names.models, subjects=[names.models, f"{names.models}.*"], max_msgs=64, **kept),
    ]  # fmt: skip


def consumer_configs(names: Names, sizes: Sizes) -> list[api.ConsumerConfig]:
    """The consumers of the stream of requests."""
    explicit: dict[str, Any] = {"ack_policy": api.AckPolicy.EXPLICIT, "ack_wait": sizes.ack_wait_s}
    return [
        api.ConsumerConfig(
            durable_name=names.group, filter_subject=names.requests, max_ack_pending=sizes.unacknowledged, **explicit
        ),
        api.ConsumerConfig(durable_name=names.solo, filter_subject=names.suspects, max_ack_pending=1, **explicit),
    ]


async def remove(client: Client, names: Names) -> None:
    """Delete whatever the server holds under these names; what is not there is no error."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    # The stream of requests goes last: it says who owns the rest, for `sweep`.
    for stream in (f"OBJ_{names.bucket}", *reversed(names.streams)):
        try:
            await js.delete_stream(stream)
        except NotFoundError:
            continue


def owner() -> dict[str, str]:
    """Who made a stream, so that what a killed process left on a shared server can be told and removed."""
    pid = os.getpid()
    return {"drydock-host": socket.gethostname(), "drydock-process": f"{pid}-{psutil.Process(pid).create_time():.2f}"}


async def sweep(client: Client) -> list[str]:
    """Remove what deployments of dead processes of this machine left on the server; their prefixes."""
    js, removed = client.jetstream(timeout=API_TIMEOUT_S), []
    suffix, offset = "_requests", 0
    while page := await js.streams_info(offset):
        offset += len(page)
        for info in page:
            name = info.config.name or ""
            if name.startswith(ROOT) and name.endswith(suffix) and _abandoned(info.config.metadata or {}):
                removed.append(name.removesuffix(suffix))
    for prefix in removed:
        await remove(client, Names(prefix))
    return removed


def _abandoned(metadata: dict[str, str]) -> bool:
    if metadata.get("drydock-host") != socket.gethostname():
        return False
    pid, _, created = metadata.get("drydock-process", "").partition("-")
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != created
    except (psutil.Error, ValueError):
        return True
