"""Streaming: requests and models are messages, and whoever subscribes answers with the newest model it has seen."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from data.errors import DrydockError, InvalidValue
from strategies.contract import Deployment, Limits, Strategy
from strategies.hosts.contract import Host, Service
from strategies.packaging.package import ModelPackage
from strategies.streams import topology
from strategies.streams.broker import Broker, broker
from strategies.streams.consumer import URL_VARIABLE
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.keeper import Keeper
from strategies.streams.names import Names
from strategies.streams.publications import Publications

_SETTINGS = ("queue_messages", "unacknowledged", "ack_wait_s")
_HEADERS_BYTES = 4_096
_MAX_SETTING = 10_000_000
_log = logging.getLogger(__name__)


class Streaming(Strategy):
    title = "Streaming"
    summary = (
        "Requests wait in a stream until a consumer takes them up; answers come back on another. A new model is "
        "published as data too, and every running consumer takes it up without a deployment."
    )
    hosts = ("process",)
    update_needs_deployment = False

    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> AbstractContextManager[Deployment]:
        """Settings: `queue_messages` that may wait, `unacknowledged` that consumers may hold, and `ack_wait_s` after
        which a request that was taken up and not finished goes to another consumer."""
        return _deploy(model, host, limits, _sizes(limits))


@contextmanager
def _deploy(model: ModelPackage, host: Host, limits: Limits, sizes: topology.Sizes) -> Iterator[StreamingDeployment]:
    names = Names.fresh()
    with ExitStack() as undo:
        server = undo.enter_context(broker())
        asyncio.run(topology.connected(server.url, lambda client: topology.create(client, names, sizes, server.shared)))
        undo.callback(_remove, server, names)
        models = Publications(server.url, names, limits.workers)
        models.begin(model)
        models.join()
        keeper = Keeper(host, lambda number: _service(number, names, server, limits, sizes), limits.workers)
        undo.callback(keeper.close)
        keeper.start()
        deployment = StreamingDeployment(server, keeper, names, limits, models)
        undo.callback(deployment.close)
        deployment.open()
        yield deployment


def _service(number: int, names: Names, server: Broker, limits: Limits, sizes: topology.Sizes) -> Service:
    arguments = ("--prefix", names.prefix, "--replica", str(number), "--ack-wait-s", str(sizes.ack_wait_s))
    return Service(
        f"consumer {number}", "strategies.streams.consumer", arguments, environment={URL_VARIABLE: server.url},
        listens=False, cpus=limits.cpus, memory_bytes=limits.memory_bytes,
    )  # fmt: skip


def _remove(server: Broker, names: Names) -> None:
    """Leave nothing on a server that others use; our own goes as a whole."""
    if not server.shared:
        return
    try:
        asyncio.run(topology.connected(server.url, lambda client: topology.remove(client, names)))
    except DrydockError as error:
        _log.warning("The streams named %s could not be removed: %s", names.prefix, error)


def _sizes(limits: Limits) -> topology.Sizes:
    unknown = limits.settings.keys() - set(_SETTINGS)
    if unknown:
        raise InvalidValue("settings", sorted(unknown), "are not streaming's", f"use {', '.join(_SETTINGS)}")
    given = {name: _positive(name, value) for name, value in limits.settings.items()}
    return topology.Sizes(message_bytes=limits.max_body_bytes + _HEADERS_BYTES, **given)  # type: ignore[arg-type]


def _positive(name: str, value: object) -> float:
    kinds = (int, float) if name == "ack_wait_s" else (int,)
    if isinstance(value, kinds) and not isinstance(value, bool) and 0 < value <= _MAX_SETTING:
        return value
    number = "number" if float in kinds else "whole number"
    raise InvalidValue(name, value, f"must be a {number} above 0, {_MAX_SETTING:,} at most", "correct the setting")
