"""Users, seen from the load generator: each request carries its user's key and a number of its own."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from data.schema import Schema
from data.usage import Usage
from strategies.api import ApiDeployment, Settings, _answered
from strategies.contract import Done, Limits, Request
from strategies.hosts.contract import Running
from strategies.releases.live.served import Served
from strategies.releases.router.dividing import ID_HEADER, KEY_HEADER

_FIRST_HEADER = b"\r\nhost: "


class Users(ApiDeployment):
    """Asks a router as an application asks an API, on behalf of users: request i comes from user keys[i]."""

    def __init__(
        self,
        router: Running,
        schema: Schema,
        keys: NDArray[np.int64],
        *,
        timeout_s: float,
        usage: Callable[[], Usage],
        begin: Callable[[], None],
        served: Served,
    ) -> None:
        super().__init__(router, schema, Limits(timeout_s=timeout_s), Settings(), "")
        self._keys, self._usage, self._begin, self._served = keys, usage, begin, served
        self._begun = False

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        if not self._begun:
            self._begun = True
            self._begin()
        answered = partial(_answered, self._served.watched(requests, done))
        for request in requests:
            line, _, rest = self._payloads[request.row].partition(_FIRST_HEADER)
            key = self._keys[request.id % len(self._keys)]
            own = b"\r\n%s: %d\r\n%s: %d" % (KEY_HEADER, key, ID_HEADER, request.id)
            self._client.send(line + own + _FIRST_HEADER + rest, answered, request.id)

    def usage(self) -> Usage:
        return self._usage()
