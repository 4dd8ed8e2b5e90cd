"""Divides requests between two deployments, mirrors them, rescues those that the new version dies of, and counts."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from strategies.releases.contract import Split
from strategies.releases.evidence.ledger import compares
from strategies.releases.router.accounts import Accounts
from strategies.releases.router.answers import Said
from strategies.releases.router.assigning import place_of
from strategies.releases.router.front import Asked, Front, plain
from strategies.releases.router.upstream import LATE, LOST, Exchange, Reply, Upstream

KEY_HEADER = b"x-drydock-key"
"""Requests with the same value are answered by the same version; without it each is assigned by itself."""
ID_HEADER = b"x-request-id"
_MOST_COPIES = 64
"""Copies under way at once; a shadow that is slower than its traffic loses copies, and users notice nothing."""
_now = time.perf_counter


@dataclass(slots=True)
class _Pair:
    """What both versions said to one mirrored request, as far as it is known."""

    request_id: str
    old: Said | None = None
    new: Said | None = None
    answers: int = 0


class Divider:
    """Takes requests up as the current split says. Set `split`, `old` and `new` at any time."""

    def __init__(self, accounts: Accounts, timeout_s: float, salt: bytes) -> None:
        self.accounts, self._timeout_s, self._salt = accounts, timeout_s, salt
        self.split = Split(1.0, 0.0)
        self.old: Upstream | None = None
        self.new: Upstream | None = None
        self._number = itertools.count()

    def take(self, asked: Asked, front: Front) -> None:
        """Have one request answered."""
        if asked.method != b"POST":
            self._pass_on(asked, front)
            return
        split = self.split
        key = asked.header(KEY_HEADER) or b"%d" % next(self._number)
        place = place_of(key, self._salt)
        together = compares(split)
        if self.new is not None and place < split.canary:
            self._ask_new(asked, front, not together or place < split.counted, together)
        elif self.old is not None and split.primary > 0:
            copied = split.mirrored > 0 and place < split.mirrored and self.new is not None
            counted = not together or place >= 1 - split.counted
            self._ask_old(asked, front, counted, copied, together)
        else:
            front.answer(
                plain(b"503 Service Unavailable", b'{"error":"no version serves"}', more=b"retry-after: 1\r\n")
            )

    def _pass_on(self, asked: Asked, front: Front) -> None:
        """What is not a prediction goes to whoever leads, and counts nowhere."""
        leading = self.new if self.split.canary > 0.5 or self.old is None else self.old
        if leading is None:
            front.answer(plain(b"503 Service Unavailable"))
            return
        exchange = Exchange(asked.raw, _now() + self._timeout_s, _straight(front), asked.method == b"HEAD")
        leading.send(exchange)

    def _ask_new(self, asked: Asked, front: Front, counted: bool, together: bool) -> None:
        assert self.new is not None
        accounts, began_s = self.accounts, _now()
        accounts.total["new"] += 1

        def done(reply: Reply | None, why: str) -> None:
            said = self._read(reply)
            if said is None:
                accounts.total["new_failed"] += 1
            if counted:  # in the window that runs now: the one in which it began may be closed
                accounts.side(together).new.ended(_now() - began_s, said)
                if said is not None:
                    accounts.answered(_id_of(asked), "new", together, said)
            if reply is None and why != LATE and self.old is not None:
                accounts.total["rescued"] += 1  # the new version died of it; a prediction can be asked for again
                self.old.send(Exchange(asked.raw, began_s + self._timeout_s, _straight(front)))
                return
            _give(front, reply, why)

        self.new.send(Exchange(asked.raw, began_s + self._timeout_s, done))

    def _ask_old(self, asked: Asked, front: Front, counted: bool, copied: bool, together: bool) -> None:
        assert self.old is not None
        accounts, began_s = self.accounts, _now()
        accounts.total["old"] += 1
        pair = self._copy_later(asked) if copied else None
        counted = pair is not None if self.split.mirrored > 0 else counted
        tries = 0

        def done(reply: Reply | None, why: str) -> None:
            nonlocal tries
            tries += 1
            if why == LOST and tries == 1 and self.old is not None:  # a kept-alive connection that had just ended
                self.old.send(Exchange(asked.raw, began_s + self._timeout_s, done))
                return
            _give(front, reply, why)  # first of all: nothing that is counted may delay an answer
            said = self._read(reply)
            if said is None:
                accounts.total["old_failed"] += 1
            if counted:
                accounts.side(together).old.ended(_now() - began_s, said)
                if said is not None and pair is None:
                    accounts.answered(_id_of(asked), "old", together, said)
            if pair is not None:
                pair.old = said
                self._compare(pair)

        self.old.send(Exchange(asked.raw, began_s + self._timeout_s, done))
        if pair is not None:
            self._send_copy(asked, pair)

    def _copy_later(self, asked: Asked) -> _Pair | None:
        assert self.new is not None
        if len(self.new.under_way) >= _MOST_COPIES:
            self.accounts.total["skipped"] += 1
            return None
        return _Pair(_id_of(asked))

    def _send_copy(self, asked: Asked, pair: _Pair) -> None:
        assert self.new is not None
        accounts, began_s = self.accounts, _now()
        accounts.total["mirrored"] += 1

        def done(reply: Reply | None, _why: str) -> None:
            said = self._read(reply)
            accounts.together.new.ended(_now() - began_s, said)
            pair.new = said
            self._compare(pair)

        self.new.send(Exchange(asked.raw, began_s + self._timeout_s, done))

    def _compare(self, pair: _Pair) -> None:
        pair.answers += 1
        if pair.answers == 2 and pair.old is not None and pair.new is not None:
            self.accounts.compare(pair.request_id, pair.old, pair.new)

    def _read(self, reply: Reply | None) -> Said | None:
        """What a version said; None where it failed. A request that the user got wrong (4xx) is no failure of it."""
        if reply is None or reply.code >= 500:
            return None
        return self.accounts.reader.read(reply.body) if reply.code < 300 else Said(f"{reply.code}", -1)


def _straight(front: Front) -> Callable[[Reply | None, str], None]:
    return lambda reply, why: _give(front, reply, why)


def _give(front: Front, reply: Reply | None, why: str) -> None:
    if reply is not None:
        front.answer(reply.raw, reply.last)
        return
    status = b"504 Gateway Timeout" if why == LATE else b"502 Bad Gateway"
    front.answer(plain(status, b'{"error":"%s"}' % why.replace('"', "'").encode("ascii", "replace")))


def _id_of(asked: Asked) -> str:
    return asked.header(ID_HEADER).decode("latin-1")
