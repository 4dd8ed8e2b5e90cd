"""Asks the policy at its intervals, and keeps every decision with its evidence."""

import asyncio
import time
from dataclasses import asdict
from typing import Any

from strategies.releases.contract import ReleasePolicy, Split
from strategies.releases.evidence import Arms, Evidence, Tally
from strategies.releases.evidence.ledger import compares
from strategies.releases.outcome.entries import entry_of, figures_of
from strategies.releases.router.dividing import Divider


class Decider:
    """Runs one release in the router's own loop; a decision takes well under a millisecond."""

    def __init__(self, policy: ReleasePolicy, divider: Divider) -> None:
        self._policy, self._divider = policy, divider
        self.log: list[dict[str, Any]] = []
        self.began_s: float | None = None
        self.stopped = ""
        """Why somebody stopped the release; empty while nobody did."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now_s(self) -> float:
        return 0.0 if self.began_s is None else time.perf_counter() - self.began_s

    def begin(self) -> None:
        """Start the release; asked again, it does nothing."""
        if self.began_s is None:
            self.began_s = time.perf_counter()
            self._divider.accounts.close_window(compared=False, ready=True)  # what came before does not count
            self._decide(Evidence(Arms(), Arms(), ready=self._divider.new is not None))

    def stop(self, reason: str) -> None:
        """Give everything back to the old version, whatever the policy thinks."""
        self.stopped = reason
        if self._timer is not None:
            self._timer.cancel()
        self._divider.split = Split(1.0, 0.0, reason=reason)
        self._note(self._divider.split, None)

    def _tick(self) -> None:
        before = self._divider.split
        accounts = self._divider.accounts
        seen = accounts.close_window(compared=compares(before), ready=self._divider.new is not None)
        self._decide(seen)

    def _decide(self, seen: Evidence) -> None:
        assert self.began_s is not None
        split = self._policy.decide(self.now_s, seen)
        self._divider.split = split
        self._note(split, seen)
        if not split.ended:
            # At multiples of the interval; those that a busy machine slept through are left out, not made up for.
            interval_s = self._policy.interval_s
            delay_s = interval_s - self.now_s % interval_s
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _note(self, split: Split, seen: Evidence | None) -> None:
        entry = entry_of(self.now_s, split, totals=dict(self._divider.accounts.total))
        if seen is not None:
            entry["old"], entry["new"] = figures_of(seen.window.old), figures_of(seen.window.new)
            entry["pairs"] = asdict(seen.window.pairs)
        self.log.append(entry)


def rehearse(policy: ReleasePolicy) -> None:
    """Let a policy decide once about made-up requests: the libraries that it needs are loaded before users come."""
    rehearsal = policy.fresh()
    tally = Tally(100, 1)
    window = Arms(tally, tally)
    for moment in range(3):
        for concurrent in (True, False):
            rehearsal.decide(moment * policy.interval_s, Evidence(window, window, concurrent))
