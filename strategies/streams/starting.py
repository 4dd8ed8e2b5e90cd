"""Starting a streaming deployment: broker, streams, the first model, consumers; and ending it in the reverse order."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from data.errors import DrydockError
from strategies.contract import Limits
from strategies.hosts.contract import Host, Service
from strategies.packaging.package import ModelPackage
from strategies.streams import topology
from strategies.streams.broker import Broker, broker
from strategies.streams.consumer import URL_VARIABLE
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.keeper import Keeper
from strategies.streams.names import Names
from strategies.streams.publications import Publications
from strategies.streams.sizes import Sizes

_log = logging.getLogger(__name__)


@contextmanager
def started(
    model: ModelPackage,
    host: Host,
    limits: Limits,
    sizes: Sizes,
    module: str = "",
    environment: Mapping[str, str] | None = None,
    beside: Broker | None = None,
) -> Iterator[StreamingDeployment]:
    """A deployment whose consumers all serve the model.

    `module` is what they run instead of the usual one, with that `environment` besides; `beside` names a server that
    runs already, for another deployment.
    """
    names = Names.fresh()
    with ExitStack() as undo:
        server = beside or undo.enter_context(broker())
        asyncio.run(topology.connected(server.url, lambda client: topology.create(client, names, sizes, server.shared)))
        undo.callback(_remove, server, names)
        models = Publications(server.url, names, limits.workers)
        models.begin(model)
        models.join()

        def made(number: int) -> Service:
            usual = service(number, names, server, limits, sizes)
            return replace(
                usual, module=module or usual.module, environment={**usual.environment, **(environment or {})}
            )

        keeper = Keeper(host, made, limits.workers)
        undo.callback(keeper.close)
        keeper.start()
        deployment = StreamingDeployment(server, keeper, names, limits, models)
        undo.callback(deployment.close)
        deployment.open()
        yield deployment


def service(number: int, names: Names, server: Broker, limits: Limits, sizes: Sizes) -> Service:
    """One consumer."""
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
