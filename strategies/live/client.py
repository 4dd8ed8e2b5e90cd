"""Asking a live deployment, from the process that started it."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.errors import DrydockError, Unavailable
from strategies.survey.taking_up import TakingUp

_TIMEOUT_S = 15.0
_PUBLISH_TIMEOUT_S = 90.0


class Refused(DrydockError):
    """The deployment refused what it was asked; the message says why."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How a live deployment is."""

    version: str
    pids: tuple[int, ...]
    """Processes that serve; where the model lives in the application itself, that application's."""
    ports: tuple[int, ...]
    """Ports on the loopback interface; empty for what does not listen."""
    memory_bytes: int
    """Resident memory of those processes now."""
    cpu_s: float | None
    log: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One prediction."""

    status: str
    """A `Status` in small letters."""
    reason: str
    outputs: tuple[float, ...]
    """Class probabilities, or the value."""
    version: str
    latency_ms: float
    """From issuing the request to its answer, seen from the application."""


class LiveClient:
    """One live deployment, by its door's port and secret.

    All methods raise `Unavailable` when it is not there any more, and `Refused`, with its reason.
    """

    def __init__(self, port: int, secret: str) -> None:
        self._port, self._secret = port, secret

    def status(self) -> LiveStatus:
        found = self._ask("/status", {})
        return LiveStatus(
            found["version"],
            tuple(found["pids"]),
            tuple(found["ports"]),
            found["memory_bytes"],
            found["cpu_s"],
            found["log"],
        )

    def predict(self, record: Mapping[str, object]) -> Tried:
        """Ask for one prediction through the deployment, as an application would."""
        found = self._ask("/predict", {"record": dict(record)})
        return Tried(**{**found, "outputs": tuple(found["outputs"])})

    def update(self, folder: str) -> str:
        """Ship the package in that folder; returns its version."""
        return str(self._ask("/update", {"folder": folder})["version"])

    def publish(self, folder: str) -> TakingUp:
        """Ship the package in that folder while requests go on, and tell how it was taken up; takes some seconds."""
        return TakingUp.from_dict(self._ask("/publish", {"folder": folder}, _PUBLISH_TIMEOUT_S))

    def _ask(self, path: str, body: dict[str, Any], timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout_s)
        try:
            headers = {"authorization": f"Bearer {self._secret}", "content-type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"The deployment does not answer ({error})", "start it again") from error
        finally:
            connection.close()
        if response.status != 200:
            raise Refused(answer["error"])
        return answer
