"""A group of consumers under a release: the policy's verdict drives how many of them run the new version.

The application's side decides, between two looks at the stream. A consumer changes its model between two batches, so
nothing that it holds is lost, and whoever dies is replaced and its requests are given to another.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.trace import Status
from data.usage import Usage
from strategies.contract import Answer, Deployment, Done, Request
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import headline
from strategies.releases.contract import ReleasePolicy, Split
from strategies.releases.evidence.ledger import compares
from strategies.releases.live.harm import labels_of
from strategies.releases.live.served import Served
from strategies.releases.live.watching import Label
from strategies.releases.router.accounts import Accounts
from strategies.releases.router.answers import Said
from strategies.releases.streamed.decisions import Decisions
from strategies.releases.streamed.pairing import Ended, Pairing
from strategies.releases.streamed.shares import consumers_for
from strategies.streams.deployment import StreamingDeployment
from strategies.streams.offering import Offers


class ReleasedGroup(Deployment):
    """A streaming deployment whose consumers are moved to a new version, and back, by a policy."""

    def __init__(
        self,
        stream: StreamingDeployment,
        policy: ReleasePolicy,
        accounts: Accounts,
        packages: tuple[ModelPackage, ModelPackage],
        served: Served,
        labels: Sequence[Label] = (),
        on_decision: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """`packages` are the old and the new version; `labels` the truths with the moment at which each is known."""
        self.stream, self.accounts, self._served = stream, accounts, served
        self._old, self._new = packages
        self._pairing = Pairing(accounts)
        self._offers = Offers(stream.broker.url, stream.names, self._new)
        self.decisions = Decisions(policy, accounts, labels, self._apply, self._about, on_decision)
        self._wanted: ModelPackage | None = None
        self._everywhere = self._old
        """What was published for all consumers last."""
        self._first_deaths = stream.keeper.deaths

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self.stream.prepare(rows)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        self.decisions.begin()
        self.stream.issue(requests, self._seen(self._served.watched(requests, done)))

    def poll(self, wait_s: float) -> None:
        self.stream.poll(wait_s)
        self._steer()
        self.decisions.look()

    def flush(self) -> None:
        self.stream.flush()

    def update(self, model: ModelPackage) -> None:
        raise InvalidValue("model", model.version, "cannot be shipped while a release goes on", "wait for its verdict")

    def usage(self) -> Usage:
        return self.stream.usage()

    def health(self) -> str:
        failure = self._offers.failure
        return f"the new version could not be offered: {failure}" if failure else self.stream.health()

    def settle(self, timeout_s: float = 30.0) -> None:
        """After the last request: wait until every consumer serves what the verdict says."""
        until_s = time.perf_counter() + timeout_s
        while (self._wanted is not None or not self.stream.served()) and time.perf_counter() < until_s:
            self.stream.poll(0.01)
            self._steer()
        if self.decisions.split.ended and self._offers.withdraw():
            self._offers.close()

    def _seen(self, done: Done) -> Done:
        def seen(answer: Answer) -> None:
            done(answer)
            self._take(answer)

        return seen

    def _take(self, answer: Answer) -> None:
        """Count an answer for the version that gave it; a failure for the one that its consumer was offered."""
        if answer.status != Status.OK and answer.replica < 0:
            return
        failed = answer.status != Status.OK
        by_new = answer.replica in self._new_replicas() if failed else answer.version == self._new.version
        side = "new" if by_new else "old"
        if answer.attempts > 1 and self._only_new_died():
            self._died_of(answer.attempts - 1)
        self.accounts.total[side] += 1
        self.accounts.total[f"{side}_failed"] += failed
        took_s = time.perf_counter() - answer.start_s if not np.isnan(answer.start_s) else 0.0
        self._pairing.ended(side, Ended(str(answer.id), took_s, self._said(answer)), compares(self.decisions.split))

    def _said(self, answer: Answer) -> Said | None:
        if answer.outputs is None:
            return None
        manifest, outputs = self._old.manifest, np.asarray(answer.outputs)[None, :]
        value = float(headline(outputs, manifest.task)[0])
        return Said(labels_of(outputs, manifest)[0], self.accounts.reader.bin_of(value))

    def _new_replicas(self) -> frozenset[int]:
        if self._everywhere is self._new:
            return frozenset(range(len(self._first_deaths)))
        return self._offers.given if self.decisions.split.canary > 0 else frozenset()

    def _only_new_died(self) -> bool:
        """Whether consumers died, and all of them with the new version: what was handed out again is then its fault."""
        deaths = [died - before for died, before in zip(self.stream.keeper.deaths, self._first_deaths, strict=True)]
        return sum(deaths) > 0 and all(not died or r in self._new_replicas() for r, died in enumerate(deaths))

    def _died_of(self, requests: int) -> None:
        """Requests that the new version did not live to answer; others did in its place."""
        for _ in range(requests):
            self.accounts.total["rescued"] += 1
            self._pairing.ended("new", Ended("", 0.0, None), compares(self.decisions.split))

    def _apply(self, split: Split) -> None:
        consumers = len(self._first_deaths)
        wanted = consumers_for(split.canary, consumers)
        if wanted == consumers or (wanted == 0 and (self._offers.given or self._everywhere is self._new)):
            self._wanted = self._new if wanted else self._old
        elif wanted:
            self._offers.give(range(wanted))
        self._steer()

    def _steer(self) -> None:
        """Go on with what a decision wants, as far as the server is; never waits."""
        if self._wanted is None:
            self._offers.pump()
        elif self._offers.withdraw() and self.stream.served():
            self.stream.publish(self._wanted)
            self._everywhere, self._wanted = self._wanted, None

    def _about(self) -> dict[str, Any]:
        """What users have had of the new version so far, and what each consumer said last that it serves."""
        serving = {str(state.replica): state.version for state in self.stream.facts().consumers}
        return {"served": self._served.counts(), "consumers": serving}
