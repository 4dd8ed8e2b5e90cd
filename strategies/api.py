"""API: the model runs in a server of its own, and applications ask it over HTTP.

Settings: `connections` (kept alive to the server, which is also how many requests are under way at once), `body`
("record" sends each row by feature name, "row" as a list), `max_in_flight` (requests that a replica takes up before it
refuses more), `token_file` (a file with the bearer token that the server asks for and the application sends).
"""

import http.client
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from data.errors import DrydockError, InvalidValue
from data.schema import Schema
from data.usage import Usage
from strategies.contract import Deployment, Done, Limits, Request, Strategy
from strategies.hosts.contract import Host, Running, Service
from strategies.loadgen.http_client import WAKE_ERROR_S, HttpClient
from strategies.loadgen.http_message import Exchange, request_bytes, to_answer
from strategies.packaging.package import ModelPackage

_IDLE_TIMEOUT_S = 3_600  # a connection that a sparse workload leaves idle must still be there for its next request
_ADMIN_TIMEOUT_S = 60.0
_HOST = "127.0.0.1"


class UpdateFailed(DrydockError):
    """A new version could not be put in place; the old one goes on answering."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What only this strategy knows; the module says what each means."""

    connections: int = 64
    body: str = "record"
    max_in_flight: int = 1_000
    token_file: str = ""

    @classmethod
    def of(cls, limits: Limits) -> "Settings":
        """The settings in `limits`; an unknown name or a value out of bounds is refused."""
        known = {name: type(getattr(cls(), name)) for name in cls.__slots__}
        for name, value in limits.settings.items():
            if name not in known:
                raise InvalidValue(name, value, "is not a setting of api", f"choose from {', '.join(known)}")
            if type(value) is not known[name] or (known[name] is int and not 1 <= int(value) <= 10_000):
                kind = "a whole number from 1 to 10,000" if known[name] is int else "a text"
                raise InvalidValue(name, value, f"must be {kind}", f"its default is {getattr(cls(), name)!r}")
        found = replace(cls(), **limits.settings)  # type: ignore[arg-type]
        if found.body not in _BODIES:
            raise InvalidValue("body", found.body, "is not a form of body", f"choose {' or '.join(_BODIES)}")
        return found

    def token(self) -> str:
        return Path(self.token_file).read_text().strip() if self.token_file else ""


class Api(Strategy):
    title = "API"
    summary = (
        "The model runs in a server of its own, and applications ask it over HTTP, one request a prediction. "
        "A new model is swapped in on the server, and no application notices."
    )
    hosts = ("process", "container", "function")
    update_needs_deployment = False

    @contextmanager
    def deploy(self, model: ModelPackage, host: Host, limits: Limits) -> Iterator[Deployment]:
        limits, hosts_own = limits.split(host)
        settings, secret = Settings.of(limits), secrets.token_urlsafe(32)
        with host.run(replace(_service(model, limits, settings, secret), settings=hosts_own)) as running:
            deployment = ApiDeployment(running, model.manifest.schema, limits, settings, secret)
            try:
                yield deployment
            finally:
                deployment.close()


def _service(model: ModelPackage, limits: Limits, settings: Settings, secret: str) -> Service:
    files = {"package": model.folder}
    environment = {"DRYDOCK_ADMIN_SECRET": secret}  # arguments can be read by every user of the machine
    if settings.token_file:
        files["token"] = Path(settings.token_file)
        environment["DRYDOCK_TOKEN_FILE"] = "{files:token}"
    options = {
        "package": "{files:package}",
        "max-body-bytes": limits.max_body_bytes,
        "max-rows": limits.max_rows,
        "timeout-s": limits.timeout_s,
        "max-in-flight": settings.max_in_flight,
        "idle-timeout-s": _IDLE_TIMEOUT_S,
    }
    return Service(
        name="api",
        module="strategies.serving",
        arguments=tuple(part for name, value in options.items() for part in (f"--{name}", str(value))),
        files=files,
        environment=environment,
        replicas=limits.workers,
        cpus=limits.cpus,
        memory_bytes=limits.memory_bytes,
    )


class ApiDeployment(Deployment):
    """Asks the server over kept-alive connections; every body is serialised before the run."""

    wake_error_s = WAKE_ERROR_S

    def __init__(self, running: Running, schema: Schema, limits: Limits, settings: Settings, secret: str) -> None:
        self._running, self._schema, self._settings, self._secret = running, schema, settings, secret
        self._client = HttpClient(
            running.port, timeout_s=limits.timeout_s, max_connections=settings.connections, host=_HOST
        )
        self._payloads: list[bytes] = []

    def prepare(self, rows: NDArray[np.float32]) -> None:
        headers = {"content-type": "application/json"}
        if token := self._settings.token():
            headers["authorization"] = f"Bearer {token}"
        address = f"{_HOST}:{self._running.port}"
        make = _BODIES[self._settings.body]
        bodies = (orjson.dumps(make(self._schema, row)) for row in np.asarray(rows, np.float32))
        self._payloads = [request_bytes("POST", "/predict", address, body, headers) for body in bodies]
        self._client.open(self._settings.connections)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        answered = partial(_answered, done)
        for request in requests:
            self._client.send(self._payloads[request.row], answered, request.id)

    def poll(self, wait_s: float) -> None:
        self._client.poll(wait_s)

    def update(self, model: ModelPackage) -> None:
        """Swap the version in every replica. It blocks until that is done, on a connection of its own, so that it may
        be called from another thread while this one goes on sending."""
        connection = http.client.HTTPConnection(_HOST, self._running.port, timeout=_ADMIN_TIMEOUT_S)
        try:
            body = orjson.dumps({"folder": self._running.admit(model.folder), "version": model.version})
            headers = {"content-type": "application/json", "authorization": f"Bearer {self._secret}"}
            connection.request("POST", "/admin/versions", body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise UpdateFailed(f"The server did not take version {model.version}: {error}.") from error
        finally:
            connection.close()
        if response.status != 200:
            raise UpdateFailed(f"The server did not take version {model.version}: {text}")

    def usage(self) -> Usage:
        """The server's processes; bytes are counted here, headers included."""
        return replace(self._running.usage(), sent_bytes=self._client.bytes_moved)

    def health(self) -> str:
        return self._running.health()

    def close(self) -> None:
        self._client.close()


def _answered(done: Done, exchange: Exchange) -> None:
    done(to_answer(exchange, _outputs))


def _outputs(body: bytes) -> NDArray[np.float64]:
    prediction = orjson.loads(body)["prediction"]
    values = prediction["probabilities"] if "probabilities" in prediction else [prediction["value"]]
    # What travelled is the shortest text of each float32; through float32 it is again exactly what the model answered.
    return np.array(values, np.float32).astype(np.float64)


def _record(schema: Schema, row: NDArray[np.float32]) -> dict[str, object]:
    return {"record": {name: _short(value) for name, value in schema.decode(row).items()}}


def _row(schema: Schema, row: NDArray[np.float32]) -> dict[str, object]:
    return {"row": [_short(value) for value in schema.decode(row).values()]}


def _short(value: object) -> object:
    """A number with as few digits as tell its float32 apart, as people and programs write it."""
    return float(str(np.float32(value))) if isinstance(value, float) else value


_BODIES: dict[str, Callable[[Schema, NDArray[np.float32]], dict[str, object]]] = {"record": _record, "row": _row}
