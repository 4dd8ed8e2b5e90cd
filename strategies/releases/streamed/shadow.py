"""A shadow of a stream: a second group of consumers, with streams of its own, gets copies of the requests.

Its answers are compared with those of the group that users hear, and thrown away. Nothing that happens to it reaches
the first group: it may be slow, die or be gone.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidValue
from data.trace import Status
from data.usage import Usage
from strategies.contract import Answer, Deployment, Done, Request
from strategies.packaging.package import Manifest, ModelPackage
from strategies.packaging.runtime import headline
from strategies.releases.contract import ReleasePolicy
from strategies.releases.live.harm import labels_of
from strategies.releases.live.served import Served
from strategies.releases.live.watching import Label
from strategies.releases.router.accounts import Accounts
from strategies.releases.router.answers import Said
from strategies.releases.router.assigning import place_of
from strategies.releases.streamed.decisions import Decisions
from strategies.streams.deployment import StreamingDeployment

_MOST_COPIES = 64
"""Copies under way at once; a shadow that is slower than its traffic loses copies, and users notice nothing."""
_HEALTH_S = 0.2


@dataclass(slots=True)
class _Pair:
    """What both groups said to one request, as far as it is known."""

    old: Said | None = None
    new: Said | None = None
    answers: int = 0


class ShadowedStream(Deployment):
    """A streaming deployment beside a second one that gets copies, for as long as a policy mirrors."""

    def __init__(
        self,
        stream: StreamingDeployment,
        shadow: StreamingDeployment,
        policy: ReleasePolicy,
        accounts: Accounts,
        manifest: Manifest,
        served: Served,
        labels: Sequence[Label] = (),
        on_decision: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """`shadow` serves the new version; `labels` are the truths with the moment at which each is known."""
        self._stream, self._shadow, self.accounts = stream, shadow, accounts
        self._manifest, self._served = manifest, served
        # A decision changes nothing but whether copies are made, which each request asks anew.
        self.decisions = Decisions(policy, accounts, labels, lambda _: None, self._about, on_decision)
        self._pairs: dict[int, _Pair] = {}
        self._under_way: set[int] = set()
        self._lost, self._health_s = False, 0.0

    def prepare(self, rows: NDArray[np.float32]) -> None:
        self._stream.prepare(rows)
        self._shadow.prepare(rows)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        self.decisions.begin()
        copies = [request for request in requests if self._copied(request.id)]
        self._pairs.update((request.id, _Pair()) for request in copies)
        self._stream.issue(requests, self._heard(self._served.watched(requests, done)))
        self._under_way.update(request.id for request in copies)
        self.accounts.total["mirrored"] += len(copies)
        if self._lost:
            self._fail(request.id for request in copies)
        else:
            self._shadow.issue(copies, self._take_copy)

    def poll(self, wait_s: float) -> None:
        self._stream.poll(wait_s)
        self._shadow.poll(0.0)
        if time.perf_counter() >= self._health_s:
            self._health_s = time.perf_counter() + _HEALTH_S
            self._look_after_shadow()
        self.decisions.look()

    def flush(self) -> None:
        self._stream.flush()

    def update(self, model: ModelPackage) -> None:
        raise InvalidValue("model", model.version, "cannot be shipped while a release goes on", "wait for its verdict")

    def usage(self) -> Usage:
        one, other = self._stream.usage(), self._shadow.usage()
        return Usage(
            cpu_s=(one.cpu_s or 0.0) + (other.cpu_s or 0.0),
            peak_bytes=(one.peak_bytes or 0) + (other.peak_bytes or 0),
            sent_bytes=(one.sent_bytes or 0) + (other.sent_bytes or 0),
            instance_s=(one.instance_s or 0.0) + (other.instance_s or 0.0),
        )

    @property
    def extra_instance_s(self) -> float:
        """How long the shadow's processes ran."""
        return self._shadow.usage().instance_s or 0.0

    def health(self) -> str:
        return self._stream.health()

    def _about(self) -> dict[str, Any]:
        return {"served": self._served.counts()}

    def _copied(self, request_id: int) -> bool:
        share = self.decisions.split.mirrored
        if share <= 0 or place_of(b"%d" % request_id) >= share:
            return False
        if len(self._under_way) >= _MOST_COPIES:
            self.accounts.total["skipped"] += 1
            return False
        return True

    def _heard(self, done: Done) -> Done:
        def heard(answer: Answer) -> None:
            done(answer)  # first of all: nothing that is counted may delay an answer
            failed = answer.status != Status.OK
            self.accounts.total["old"] += 1
            self.accounts.total["old_failed"] += failed
            pair = self._pairs.get(answer.id)
            if pair is not None:
                pair.old = self._said(answer)
                self.accounts.together.old.ended(_took_s(answer), pair.old)
                self._compare(answer.id, pair)

        return heard

    def _take_copy(self, answer: Answer) -> None:
        self._under_way.discard(answer.id)
        pair = self._pairs.get(answer.id)
        if pair is not None:
            # Handed out again after a consumer died: that somebody answered it in the end is no merit of the version.
            died = answer.attempts > 1 and sum(self._shadow.keeper.deaths) > 0
            pair.new = None if died else self._said(answer)
            self.accounts.together.new.ended(_took_s(answer), pair.new)
            self._compare(answer.id, pair)

    def _compare(self, request_id: int, pair: _Pair) -> None:
        pair.answers += 1
        if pair.answers == 2:
            del self._pairs[request_id]
            if pair.old is not None and pair.new is not None:
                self.accounts.compare(str(request_id), pair.old, pair.new)

    def _said(self, answer: Answer) -> Said | None:
        if answer.status != Status.OK or answer.outputs is None:
            return None
        outputs = np.asarray(answer.outputs)[None, :]
        value = float(headline(outputs, self._manifest.task)[0])
        return Said(labels_of(outputs, self._manifest)[0], self.accounts.reader.bin_of(value))

    def _look_after_shadow(self) -> None:
        """A shadow that is gone for good has failed whatever it was asked."""
        if not self._lost and self._shadow.health():
            self._lost = True
            self._fail(sorted(self._under_way))

    def _fail(self, copies: Iterable[int]) -> None:
        for number in copies:
            self._take_copy(Answer(number, Status.ERROR))


def _took_s(answer: Answer) -> float:
    """From being taken up by a consumer until now."""
    return 0.0 if np.isnan(answer.start_s) else max(time.perf_counter() - answer.start_s, 0.0)
