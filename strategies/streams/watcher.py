"""Watches for models in a thread of its own, so that requests keep being answered while the next model is loaded.

It hears of a model at once, and looks at the newest event in the stream of models whenever it has connected and once a
second, so that an event which was missed during an outage is not lost.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from nats.aio.client import Client
from nats.aio.msg import Msg

from data.errors import DrydockError, InvalidValue
from data.schema import Schema
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.runtime import Predictor
from strategies.streams.models import ModelEvent, fetch_package, latest, open_model
from strategies.streams.names import Names
from strategies.streams.topology import connected

LOOK_EVERY_S = 1.0
RETRY_S = 0.2
FETCH_TIMEOUT_S = 60.0


Dress = Callable[[ModelPackage, Predictor], Predictor]


def _plain(_: ModelPackage, predictor: Predictor) -> Predictor:
    return predictor


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, verified and tried once; or why it was refused."""

    event: ModelEvent
    manifest: Manifest | None = None
    predictor: Predictor | None = None
    refusal: str = ""


class Watcher:
    """Puts every model that was loaded, or refused, into `loaded`."""

    def __init__(self, url: str, names: Names, replica: int = 0, dress: Dress = _plain) -> None:
        """`replica` hears of its own models besides those for all; `dress` may change what loaded models answer."""
        self.loaded: queue.SimpleQueue[Loaded] = queue.SimpleQueue()
        self.last_error = ""
        """Why the server could not be reached at the last attempt."""
        self._url, self._names, self._replica, self._dress = url, names, replica, dress
        self._seen = 0
        self._schema: Schema | None = None

    def start(self) -> None:
        threading.Thread(target=lambda: asyncio.run(self._run()), name="models", daemon=True).start()

    async def _run(self) -> None:
        while True:
            try:
                await connected(self._url, self._watch)
            except Exception as error:  # whatever ended the connection, the next one looks at the newest event again
                self.last_error = str(error) or type(error).__name__
            await asyncio.sleep(RETRY_S)

    async def _watch(self, client: Client) -> None:
        events: asyncio.Queue[bytes] = asyncio.Queue()

        async def hear(message: Msg) -> None:
            events.put_nowait(message.data)

        for subject in (self._names.models, self._names.models_of(self._replica)):
            await client.subscribe(subject, cb=hear)
        while client.is_connected:
            await self._take(client, await latest(client, self._names, self._replica))
            with contextlib.suppress(TimeoutError):
                # A subscriber may hear of an event before the stream has stored it, so the event itself is used.
                await self._take(client, ModelEvent.from_json(await asyncio.wait_for(events.get(), LOOK_EVERY_S)))

    async def _take(self, client: Client, found: ModelEvent | None) -> None:
        if found is None or found.number <= self._seen:
            return
        data = await asyncio.wait_for(fetch_package(client, self._names, found), FETCH_TIMEOUT_S)
        self._seen = found.number
        try:
            loaded = self._load(found, data)
        except Exception as error:  # a file that cannot be loaded fails in as many ways as there are loaders
            known = isinstance(error, DrydockError)
            loaded = Loaded(found, refusal=str(error) if known else f"{type(error).__name__}: {error}")
        self.loaded.put(loaded)

    def _load(self, found: ModelEvent, data: bytes) -> Loaded:
        package, predictor = open_model(data, found.sha256)
        predictor, manifest = self._dress(package, predictor), package.manifest
        if manifest.version != found.version:
            raise InvalidValue("model", manifest.version, f"is not {found.version}", "publish it again")
        self._check_features(manifest.schema)
        # The first prediction allocates; it must not be a request's.
        answer = predictor.predict(np.zeros((1, len(manifest.schema)), np.float32))
        if answer.shape != (1, len(manifest.outputs)):
            raise InvalidValue("model", answer.shape, "does not answer as its manifest says", "package it again")
        self._schema = manifest.schema
        return Loaded(found, manifest, predictor)

    def _check_features(self, schema: Schema) -> None:
        if self._schema is not None and _read(schema) != _read(self._schema):
            raise InvalidValue(
                "features", schema.names, "differ from those that requests carry",
                "deploy a model with other features beside the old one",
            )  # fmt: skip


def _read(schema: Schema) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(feature.name, feature.kind, feature.categories) for feature in schema.features]
