"""The model as data: a package in the broker's object store, and an event that says it is there.

A package travels as one uncompressed tar of its manifest and the files that this names. Its SHA-256 stands in the
event; each file's stands in the manifest. A consumer trusts neither name nor content before both agree.
"""

import contextlib
import hashlib
import io
import json
import tarfile
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nats.aio.client import Client
from nats.js import api
from nats.js.errors import NotFoundError

from data.errors import InvalidValue
from strategies.packaging.package import MANIFEST, ModelPackage
from strategies.packaging.runtime import Predictor, load_predictor
from strategies.streams.names import Names
from strategies.streams.topology import API_TIMEOUT_S

CHUNK_BYTES = 1 << 19
"""Each chunk is a message and waits for its confirmation; a server takes messages of 1 MiB unless told otherwise."""
CHUNKS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """A model was published."""

    number: int
    """A higher one is newer: when it was published, in nanoseconds of the wall clock."""
    version: str
    sha256: str
    """Of the tar, in hex."""
    published_s: float
    """When publishing began, on the publisher's `time.perf_counter` clock."""
    stored: int = 0
    """Number of the event that its package was stored with; 0 for this one's own."""

    @property
    def object(self) -> str:
        """Its name in the object store."""
        return f"{self.version}-{self.stored or self.number}"

    @classmethod
    def from_json(cls, data: bytes) -> "ModelEvent":
        return cls(**json.loads(data))


@dataclass(frozen=True, slots=True)
class Published:
    """A model event, and its place in the stream of models."""

    seq: int
    event: ModelEvent


def pack(package: ModelPackage) -> bytes:
    """The package's tar. The same package always gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in (MANIFEST, *sorted(package.manifest.files)):
            content = (package.folder / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def unpack(data: bytes, sha256: str, folder: Path) -> ModelPackage:
    """Check a tar against its hash, write it into a new or empty folder, and check each file against the manifest."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise InvalidValue("model", found[:12], f"is not the one announced ({sha256[:12]})", "publish it again")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            if content is None or Path(entry.name).name != entry.name:
                raise InvalidValue("model", entry.name, "is not a plain file in it", "publish it again")
            (folder / entry.name).write_bytes(content.read())
    return ModelPackage.open(folder)


async def publish_model(client: Client, names: Names, package: ModelPackage) -> Published:
    """Store a package and announce it."""
    event = await store_model(client, names, package)
    return Published(await _announced(client, names.models, event), event)


async def offer_model(client: Client, names: Names, stored: ModelEvent, replica: int) -> ModelEvent:
    """Announce a stored package to one consumer alone, which serves it until a newer event reaches it."""
    event = replace(stored, number=time.time_ns(), stored=stored.stored or stored.number)
    await _announced(client, names.models_of(replica), event)
    return event


async def store_model(client: Client, names: Names, package: ModelPackage) -> ModelEvent:
    """Store a package and tell nobody yet."""
    published_s = time.perf_counter()
    js = client.jetstream(timeout=API_TIMEOUT_S)
    data = pack(package)
    event = ModelEvent(time.time_ns(), package.version, hashlib.sha256(data).hexdigest(), published_s)
    store = await js.object_store(names.bucket)
    options = api.ObjectMetaOptions(max_chunk_size=CHUNK_BYTES)
    await store.put(event.object, data, api.ObjectMeta(name=event.object, options=options))
    return event


async def _announced(client: Client, subject: str, event: ModelEvent) -> int:
    ack = await client.jetstream(timeout=API_TIMEOUT_S).publish(subject, json.dumps(asdict(event)).encode())
    return ack.seq


async def latest(client: Client, names: Names, replica: int | None = None) -> ModelEvent | None:
    """The newest model event for all consumers or, with its number, for one; None before the first."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    found = []
    for subject in (names.models, *(() if replica is None else (names.models_of(replica),))):
        with contextlib.suppress(NotFoundError):
            found.append(ModelEvent.from_json((await js.get_last_msg(names.models, subject)).data or b""))
    return max(found, key=lambda event: event.number, default=None)


async def fetch_package(client: Client, names: Names, event: ModelEvent) -> bytes:
    """The tar of a published model, as the object store holds it; whether it is whole, `unpack` checks."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    info = await (await js.object_store(names.bucket)).get_info(event.object)
    # `ObjectStore.get` of nats-py takes 250 ms for anything above some 100 kB, waiting for a flow control message.
    # Asking for the same chunks through a pull consumer takes 5.
    chunks = await js.pull_subscribe(
        f"$O.{names.bucket}.C.{info.nuid}", stream=f"OBJ_{names.bucket}",
        config=api.ConsumerConfig(ack_policy=api.AckPolicy.NONE, mem_storage=True, inactive_threshold=30.0),
    )  # fmt: skip
    parts: list[bytes] = []
    try:
        while len(parts) < (info.chunks or 0):
            wanted = min((info.chunks or 0) - len(parts), CHUNKS_AT_ONCE)
            parts += [message.data for message in await chunks.fetch(wanted, timeout=API_TIMEOUT_S)]
    finally:
        await chunks.unsubscribe()
    return b"".join(parts)


async def forget(client: Client, names: Names, event: ModelEvent) -> None:
    """Remove a model from the object store, once no consumer can ask for it any more."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    store = await js.object_store(names.bucket)
    with contextlib.suppress(NotFoundError):
        await store.delete(event.object)


async def withdraw(client: Client, names: Names, published: Published) -> None:
    """Unpublish a model that no consumer wants, so that one that starts later finds the model before it."""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    await js.delete_msg(names.models, published.seq)
    await forget(client, names, published.event)


def open_model(data: bytes, sha256: str) -> tuple[ModelPackage, Predictor]:
    """Verify a tar and load the model in it into memory; nothing of it stays on disk."""
    with tempfile.TemporaryDirectory(prefix="drydock-model-") as scratch:
        package = unpack(data, sha256, Path(scratch))
        return package, load_predictor(package)
