"""How a release is begun, watched and stopped from outside: a few paths below /-/release, for who has the secret."""

import asyncio
import hmac
import time
from typing import Any

import orjson

from strategies.releases.router.deciding import Decider
from strategies.releases.router.dividing import Divider
from strategies.releases.router.front import Asked, Front, plain
from strategies.releases.router.upstream import Upstream

PREFIX = b"/-/release"
_SWEEP_S = 0.05


class Control:
    """Answers requests below `PREFIX`; every other request is the divider's."""

    def __init__(self, divider: Divider, decider: Decider, secret: str, host: str) -> None:
        self._divider, self._decider, self._host = divider, decider, host
        self._bearer = f"bearer {secret}".lower().encode()
        self._has_secret = bool(secret)
        self.fronts: set[Front] = set()

    def opened(self, front: Front) -> None:
        self.fronts.add(front)

    def closed(self, front: Front) -> None:
        self.fronts.discard(front)

    def take(self, asked: Asked, front: Front) -> None:
        if not asked.path.startswith(PREFIX):
            self._divider.take(asked, front)
        elif not self._has_secret or not hmac.compare_digest(asked.header(b"authorization"), self._bearer):
            front.answer(plain(b"401 Unauthorized", b'{"error":"the secret is missing or wrong"}'))
        else:
            front.answer(self._answer(asked))

    def _answer(self, asked: Asked) -> bytes:
        name = asked.path[len(PREFIX) :].partition(b"?")[0].strip(b"/").decode("latin-1")
        try:
            body: Any = orjson.loads(asked.body) if asked.body else {}
            found = self._do(name, body)
        except (KeyError, TypeError, ValueError) as error:
            return plain(b"400 Bad Request", orjson.dumps({"error": f"{type(error).__name__}: {error}"}))
        if found is None:
            return plain(b"404 Not Found", b'{"error":"no such path"}')
        return plain(b"200 OK", orjson.dumps(found))

    def _do(self, name: str, body: Any) -> dict[str, Any] | None:
        if name == "status":
            since = int(body.get("since", 0))
            return {"log": self._decider.log[since:], "totals": self._divider.accounts.total, **self._state()}
        if name == "begin":
            self._decider.begin()
        elif name == "stop":
            self._decider.stop(str(body.get("reason", "stopped")))
        elif name == "labels":
            return {"known": self._divider.accounts.label((str(i), truth) for i, truth in body["labels"])}
        elif name == "versions":
            # A port of 0 takes the version away; requests under way end on their own.
            for side in ("old", "new"):
                if side in body:
                    setattr(self._divider, side, Upstream(self._host, int(body[side])) if body[side] else None)
        else:
            return None
        return self._state()

    def _state(self) -> dict[str, Any]:
        split = self._divider.split
        return {
            "now_s": self._decider.now_s, "verdict": str(split.verdict), "primary": split.primary,
            "canary": split.canary, "mirrored": split.mirrored, "stopped": self._decider.stopped,
        }  # fmt: skip


async def sweep(divider: Divider) -> None:
    """End what is overdue, twenty times a second."""
    while True:
        await asyncio.sleep(_SWEEP_S)
        for upstream in (divider.old, divider.new):
            if upstream is not None:
                upstream.expire(time.perf_counter())
