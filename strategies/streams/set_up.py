"""Makes a deployment's streams and consumers on a server that is there to stay, and publishes a model to it:
``python -m strategies.streams.set_up --prefix P --package F``.

The server's address comes in the environment variable `DRYDOCK_NATS_URL`. Asked again it changes what differs, keeps
what is stored, and publishes the package only where another version was published last: every release may run it.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import BadRequestError, NotFoundError

from data.errors import DrydockError
from strategies.packaging.package import ModelPackage
from strategies.streams.consumer import URL_VARIABLE
from strategies.streams.models import latest, publish_model
from strategies.streams.names import Names
from strategies.streams.sizes import Sizes
from strategies.streams.topology import API_TIMEOUT_S, MODEL_BYTES, connected, consumer_configs, stream_configs


async def set_up(client: Client, names: Names, package: ModelPackage, sizes: Sizes) -> str:
    """Make or change all that a deployment has on the server; the version that is published afterwards."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    for stream in stream_configs(names, sizes):
        stream.metadata = None  # it would say that this process owns it, and whoever finds that dead removes it
        await _stream(js, stream)
    for consumer in consumer_configs(names, sizes):
        await js.add_consumer(names.requests, consumer)
    try:
        await js.object_store(names.bucket)
    except NotFoundError:
        await js.create_object_store(names.bucket, config=api.ObjectStoreConfig(max_bytes=MODEL_BYTES))
    found = await latest(client, names)
    if found is None or found.version != package.version:
        await publish_model(client, names, package)
    return package.version


async def _stream(js: JetStreamContext, config: api.StreamConfig) -> None:
    try:
        await js.add_stream(config)
    except BadRequestError:  # it is there, and differs
        await js.update_stream(config)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m strategies.streams.set_up", description=__doc__)
    parser.add_argument("--prefix", required=True, help="prefix of the deployment's names on the server")
    parser.add_argument("--package", type=Path, required=True, help="folder of a model package")
    asked = parser.parse_args(arguments)
    names, package = Names(asked.prefix), ModelPackage.open(asked.package)
    version = asyncio.run(connected(os.environ[URL_VARIABLE], lambda client: set_up(client, names, package, Sizes())))
    print(f"{asked.prefix}: version {version} is published")


if __name__ == "__main__":
    try:
        main()
    except (DrydockError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
