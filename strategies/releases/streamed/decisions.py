"""A policy asked at its intervals by whoever polls: no thread, no timer, no process of its own."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from strategies.releases.contract import ReleasePolicy, Split
from strategies.releases.evidence import Arms, Evidence
from strategies.releases.evidence.ledger import compares
from strategies.releases.live.watching import Label, verdict_age_s
from strategies.releases.outcome.entries import entry_of, figures_of
from strategies.releases.router.accounts import Accounts


class Decisions:
    """Closes the accounts' window at every interval, asks the policy, has its answer applied, and notes it."""

    def __init__(
        self,
        policy: ReleasePolicy,
        accounts: Accounts,
        labels: Sequence[Label],
        apply: Callable[[Split], None],
        about: Callable[[], Mapping[str, Any]],
        on_decision: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """`labels` are the truths with the moment at which each is known; `about` says what else an entry holds."""
        self._policy, self._accounts, self._labels = policy, accounts, deque(labels)
        self._apply, self._about, self._on_decision = apply, about, on_decision
        self._began_s = self._next_s = math.inf
        self.split = Split(1.0, 0.0)
        self.log: list[dict[str, Any]] = []

    def begin(self) -> None:
        """With the first request; asked again, it does nothing."""
        if self._began_s == math.inf:
            self._began_s = time.perf_counter()
            self._decide(Evidence(Arms(), Arms()))

    def look(self) -> None:
        """Decide where it is time to."""
        if time.perf_counter() >= self._next_s:
            self._label()
            self._decide(self._accounts.close_window(compared=compares(self.split), ready=True))

    def ended(self, for_s: float) -> bool:
        """Whether the verdict has been there for so long."""
        return verdict_age_s(self.log, self._began_s) >= for_s

    def _label(self) -> None:
        now_s, known = time.perf_counter() - self._began_s, []
        while self._labels and self._labels[0][0] <= now_s:
            known.append(self._labels.popleft()[1:])
        self._accounts.label(known)

    def _decide(self, seen: Evidence) -> None:
        now_s = time.perf_counter() - self._began_s
        self.split = split = self._policy.decide(now_s, seen)
        interval_s = self._policy.interval_s
        self._next_s = math.inf if split.ended else self._began_s + (now_s // interval_s + 1) * interval_s
        self._apply(split)
        entry = entry_of(
            now_s, split, old=figures_of(seen.window.old), new=figures_of(seen.window.new),
            totals=dict(self._accounts.total), **self._about(),
        )  # fmt: skip
        self.log.append(entry)
        if self._on_decision is not None:
            self._on_decision(entry)
