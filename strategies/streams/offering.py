"""A second model for some consumers of a group, while the others go on with the one that was published for all."""

import asyncio
import threading
import time
from collections.abc import Sequence

from nats.aio.client import Client

from strategies.packaging.package import ModelPackage
from strategies.streams.models import ModelEvent, forget, offer_model, store_model
from strategies.streams.names import Names
from strategies.streams.publications import PATIENCE_S, RETRY_S
from strategies.streams.topology import connected


class Offers:
    """Gives one model to one consumer after the other. Used from one thread; only the server is asked in another."""

    def __init__(self, url: str, names: Names, package: ModelPackage) -> None:
        self._url, self._names, self._package = url, names, package
        self._stored: ModelEvent | None = None
        self._given: set[int] = set()
        self._waiting: list[int] = []
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None
        """Why the server did not take it, which was tried for a while."""

    @property
    def given(self) -> frozenset[int]:
        """Consumers that were offered it; each says in its reports when it serves it."""
        return frozenset(self._given)

    def give(self, replicas: Sequence[int]) -> None:
        """Offer it to these too, without waiting."""
        self._waiting += [replica for replica in replicas if replica not in self._given | set(self._waiting)]
        self.pump()

    def withdraw(self) -> bool:
        """Offer it to nobody more; whether none of it is still on its way, so that a newer event stays the newest."""
        self._waiting.clear()
        return self._thread is None or not self._thread.is_alive()

    def pump(self) -> None:
        """Go on with what waits; call it now and then."""
        if self._waiting and (self._thread is None or not self._thread.is_alive()):
            due, self._waiting = self._waiting, []
            self._given.update(due)
            self._thread = threading.Thread(target=self._offer, args=(due,), name="offer", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Remove the model from the server, once no consumer can ask for it any more."""
        if self._thread is not None:
            self._thread.join()
        stored = self._stored
        if stored is not None:
            asyncio.run(connected(self._url, lambda client: forget(client, self._names, stored)))

    def _offer(self, replicas: list[int]) -> None:
        async def work(client: Client) -> None:
            if self._stored is None:
                self._stored = await store_model(client, self._names, self._package)
            for replica in replicas:
                await offer_model(client, self._names, self._stored, replica)

        until_s = time.perf_counter() + PATIENCE_S
        while True:
            try:
                asyncio.run(connected(self._url, work))
                return
            except Exception as error:  # a server that restarts makes nats-py fail in many ways; the next try may do
                if time.perf_counter() > until_s:
                    self.failure = error
                    return
                time.sleep(RETRY_S)
