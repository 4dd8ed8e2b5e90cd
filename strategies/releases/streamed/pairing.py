"""Two equal arms out of whatever comes: consumers take as many requests as they can, and never the same number."""

from collections import deque
from dataclasses import dataclass, field
from functools import partial

from strategies.releases.router.accounts import Accounts
from strategies.releases.router.answers import Said

_WAITING = 100
"""Requests of the version that has more, of which the latest wait for one of the other; older ones count nowhere."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that a consumer was given and that is over."""

    request_id: str
    took_s: float
    """From being taken up to its answer."""
    said: Said | None
    """None where it failed, or its consumer died of it."""


@dataclass(slots=True)
class Pairing:
    """Counts each request of the version that has fewer with the latest of the other: both arms are of one size.

    Which version gets a request is who asks the queue first, not what the request is. Nobody is sticky: a user may be
    answered by both.
    """

    accounts: Accounts
    _old: deque[Ended] = field(default_factory=partial(deque, maxlen=_WAITING))
    _new: deque[Ended] = field(default_factory=partial(deque, maxlen=_WAITING))

    def ended(self, side: str, request: Ended, together: bool) -> None:
        """Take one in. `together`: whether both versions answer now; else each is counted as it comes."""
        if not together:
            self._count(side, request, False)
            return
        (self._new if side == "new" else self._old).append(request)
        while self._old and self._new:
            self._count("old", self._old.pop(), True)
            self._count("new", self._new.pop(), True)

    def _count(self, side: str, request: Ended, together: bool) -> None:
        arms = self.accounts.side(together)
        (arms.new if side == "new" else arms.old).ended(request.took_s, request.said)
        if request.said is not None:
            self.accounts.answered(request.request_id, side, together, request.said)
