"""Models on their way to the consumers: stored and announced from a thread, then followed until all have swapped."""

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field

import numpy as np
from nats.aio.client import Client

from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.streams.facts import ConsumerState, Publication
from strategies.streams.frames import Frame
from strategies.streams.models import Published, forget, publish_model, withdraw
from strategies.streams.names import Names
from strategies.streams.topology import connected

PATIENCE_S = 20.0
"""How long storing a model is tried while the server is away."""
RETRY_S = 0.1


@dataclass(slots=True)
class _Entry:
    package: ModelPackage
    published_s: float
    published: Published | None = None
    """None until the server has stored it."""
    swapped_s: dict[int, float] = field(default_factory=dict)
    """When each replica took it up."""
    refusal: str = ""
    failure: BaseException | None = None
    """Why it could not be stored."""
    old_answers: int = 0
    last_old_answer_s: float = np.nan

    def note(self, state: ConsumerState) -> None:
        if state.refusal:
            self.refusal = state.refusal
        else:
            self.swapped_s.setdefault(state.replica, state.swapped_s)

    def value(self) -> Publication:
        swapped = tuple(self.swapped_s[replica] for replica in sorted(self.swapped_s))
        return Publication(
            self.package.version, self.published_s, swapped, self.old_answers, self.last_old_answer_s
        )  # fmt: skip


class Publications:
    """All models that a deployment published. Used from its thread; only storing happens in another."""

    def __init__(self, url: str, names: Names, replicas: int) -> None:
        self._url, self._names, self._replicas = url, names, replicas
        self._entries: list[_Entry] = []
        self._thread: threading.Thread | None = None
        self._consumers: dict[int, ConsumerState] = {}

    @property
    def complete(self) -> bool:
        """Whether every consumer serves the newest model, or it failed."""
        if self._thread is not None and self._thread.is_alive():
            return False
        newest = self._entries[-1]
        return newest.failure is not None or bool(newest.refusal) or len(newest.swapped_s) >= self._replicas

    def begin(self, package: ModelPackage) -> None:
        """Publish a model, without waiting."""
        if self._entries and not self.complete:
            raise InvalidValue(
                "model", package.version, "cannot be published yet", "wait until every consumer serves the one before"
            )
        entry = _Entry(package, time.perf_counter())
        self._entries.append(entry)
        self._thread = threading.Thread(target=self._store, args=(entry,), name="publish", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until the newest model is stored, and raise why it could not be."""
        if self._thread is not None:
            self._thread.join()
        self._raise_failure()

    def finish(self) -> None:
        """Call once `complete`. Raises why the newest model is not served; the one before it then stays, everywhere."""
        self._raise_failure()
        newest = self._entries[-1]
        if not newest.refusal:
            return
        self._entries.pop()
        published, names = newest.published, self._names
        assert published is not None
        asyncio.run(connected(self._url, lambda client: withdraw(client, names, published)))
        if newest.swapped_s:  # some took it: publish the old one anew, so that all answer alike
            self.begin(self._entries.pop().package)
        raise InvalidValue("model", newest.package.version, f"was refused: {newest.refusal}", "publish another one")

    def report(self, frames: list[Frame]) -> None:
        """Take in what consumers say about themselves."""
        for frame in frames:
            state = ConsumerState(**json.loads(frame.payload))
            self._consumers[state.replica] = state
            for entry in self._entries:
                if entry.published is not None and entry.published.event.number == state.number:
                    entry.note(state)

    def answered(self, version: str, start_s: float) -> None:
        """Note which model answered a request that was taken up at `start_s`."""
        newest = self._entries[-1]
        if version != newest.package.version:
            newest.last_old_answer_s = time.perf_counter()
            newest.old_answers += start_s > newest.published_s

    def consumers(self) -> tuple[ConsumerState, ...]:
        """What each consumer said last, by its number."""
        return tuple(self._consumers[replica] for replica in sorted(self._consumers))

    def values(self) -> tuple[Publication, ...]:
        return tuple(entry.value() for entry in self._entries)

    def _raise_failure(self) -> None:
        if self._entries[-1].failure is not None:
            raise self._entries.pop().failure  # type: ignore[misc]

    def _store(self, entry: _Entry) -> None:
        async def work(client: Client) -> Published:
            # The model before this one must stay until this one is served everywhere; those before that are done with.
            for done in self._entries[:-2]:
                if done.published is not None:
                    await forget(client, self._names, done.published.event)
            return await publish_model(client, self._names, entry.package)

        until_s = time.perf_counter() + PATIENCE_S
        while entry.published is None and entry.failure is None:
            try:
                entry.published = asyncio.run(connected(self._url, work))
            except Exception as error:  # a server that restarts makes nats-py fail in many ways; the next try may do
                if time.perf_counter() > until_s:
                    entry.failure = error
                time.sleep(RETRY_S)
