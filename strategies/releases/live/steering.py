"""Talks to a router: begin, watch, label, stop."""

import http.client
import json
from typing import Any

from data.errors import DrydockError
from strategies.releases.router.controlling import PREFIX

_TIMEOUT_S = 10.0


class RouterFailed(DrydockError):
    """The router did not do what it was asked."""


class Steering:
    """A router's control paths. Safe to use from any one thread at a time."""

    def __init__(self, port: int, secret: str) -> None:
        self._port, self._secret = port, secret

    def ask(self, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask for one thing; a connection each, as it is asked for a few times a second at most."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            headers = {"content-type": "application/json", "authorization": f"Bearer {self._secret}"}
            connection.request("POST", f"{PREFIX.decode()}/{name}", json.dumps(body or {}), headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise RouterFailed(f"The router did not answer to {name}: {type(error).__name__} {error}.") from error
        finally:
            connection.close()
        if response.status != 200:
            raise RouterFailed(f"The router refused {name}: {text.decode(errors='replace')}")
        found: dict[str, Any] = json.loads(text)
        return found
