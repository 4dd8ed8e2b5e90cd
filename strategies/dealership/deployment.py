"""The dealership as something that the load generator can drive, in either form."""

import http.client
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from data.errors import DrydockError, InvalidValue
from data.usage import Usage
from strategies.contract import Answer, Deployment, Done, Limits, Request
from strategies.dealership.contract import COMPONENTS, FORMS, Form
from strategies.hosts.contract import Host, Running, Service
from strategies.loadgen.http_client import WAKE_ERROR_S, HttpClient
from strategies.loadgen.http_message import Exchange, request_bytes, to_answer
from strategies.packaging.package import ModelPackage

_CONNECTIONS = 64
_ADMIN_TIMEOUT_S = 60.0


class UpdateFailed(DrydockError):
    """A new version could not be put in place; the old one goes on answering."""


@contextmanager
def deploy_dealership(
    model: ModelPackage, form: Form, host: Host, limits: Limits | None = None
) -> "Iterator[DealershipDeployment]":
    """Start the dealership in one process (monolith) or five (microservices), and stop all of it at the end.

    `model` reads the features of the dataset car_choice.
    """
    if form not in FORMS:
        raise InvalidValue("form", form, "is not a form of the dealership", f"choose {' or '.join(FORMS)}")
    limits, secret = limits or Limits(), secrets.token_urlsafe(32)
    with ExitStack() as running:
        parts: dict[str, Running] = {}
        if form == "monolith":
            parts["monolith"] = running.enter_context(host.run(_service("monolith", COMPONENTS, {}, model, secret)))
        else:
            called = COMPONENTS[1:]
            with ThreadPoolExecutor(len(called)) as starting:  # each takes seconds to start, and needs no other
                services = [_service(name, (name,), {}, model, secret) for name in called]
                found = starting.map(lambda service: running.enter_context(host.run(service)), services)
                parts = dict(zip(called, found, strict=True))
            ports = {name: part.port for name, part in parts.items()}
            gateway = running.enter_context(host.run(_service("gateway", ("gateway",), ports, model, secret)))
            parts = {"gateway": gateway, **parts}
        deployment = DealershipDeployment(parts, limits, secret)
        try:
            yield deployment
        finally:
            deployment.close()


def _service(
    name: str, components: tuple[str, ...], ports: dict[str, int], model: ModelPackage, secret: str
) -> Service:
    peers = ("--peers", orjson.dumps(ports).decode()) if ports else ()
    return Service(
        name=f"dealership-{name}",
        module="strategies.dealership",
        arguments=("--components", ",".join(components), "--package", "{files:package}", *peers),
        files={"package": model.folder},
        environment={"DRYDOCK_ADMIN_SECRET": secret},
    )


class DealershipDeployment(Deployment):
    """Asks for rankings; a request's row is the customer's number, (rows, 1)."""

    wake_error_s = WAKE_ERROR_S

    def __init__(self, parts: dict[str, Running], limits: Limits, secret: str) -> None:
        self.parts = parts
        """The process of each part by its name: all components apart, or one monolith."""
        self._secret = secret
        self._port = parts.get("gateway", next(iter(parts.values()))).port
        self._client = HttpClient(self._port, timeout_s=limits.timeout_s, max_connections=_CONNECTIONS)
        self._payloads: list[bytes] = []

    def prepare(self, rows: NDArray[np.float32]) -> None:
        headers, address = {"content-type": "application/json"}, f"127.0.0.1:{self._port}"
        numbers = np.asarray(rows)[:, 0].astype(np.int64).tolist()
        bodies = (orjson.dumps({"customer": number}) for number in numbers)
        self._payloads = [request_bytes("POST", "/ask", address, body, headers) for body in bodies]
        self._client.open(_CONNECTIONS)

    def issue(self, requests: Sequence[Request], done: Done) -> None:
        answered = partial(_answered, done)
        for request in requests:
            self._client.send(self._payloads[request.row], answered, request.id)

    def poll(self, wait_s: float) -> None:
        self._client.poll(wait_s)

    def update(self, model: ModelPackage) -> None:
        part = self.parts.get("model", next(iter(self.parts.values())))
        connection = http.client.HTTPConnection("127.0.0.1", part.port, timeout=_ADMIN_TIMEOUT_S)
        try:
            body = orjson.dumps({"folder": part.admit(model.folder)})
            connection.request("POST", "/admin/model", body, {"authorization": f"Bearer {self._secret}"})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise UpdateFailed(f"The model component did not take version {model.version}: {error}.") from error
        finally:
            connection.close()
        if response.status != 200:
            raise UpdateFailed(f"The model component did not take version {model.version}: {text}")

    def usage(self) -> Usage:
        used = [part.usage() for part in self.parts.values()]
        return Usage(
            cpu_s=_sum(used, "cpu_s"),
            peak_bytes=int(_sum(used, "peak_bytes")),
            sent_bytes=self._client.bytes_moved,
            instance_s=_sum(used, "instance_s"),
        )

    def health(self) -> str:
        return "; ".join(filter(None, (part.health() for part in self.parts.values())))

    def close(self) -> None:
        self._client.close()


def _sum(used: Sequence[Usage], name: str) -> float:
    return float(sum(getattr(usage, name) or 0 for usage in used))


def _answered(done: Done, exchange: Exchange) -> None:
    answer: Answer = to_answer(exchange, _probabilities)
    if answer.outputs is not None:
        answer = replace(answer, version=_document(exchange.body)["version"])
    done(answer)


def _probabilities(body: bytes) -> NDArray[np.float64]:
    """Probabilities of the cars as they are ranked, falling. (6,)"""
    return np.array([car["probability"] for car in _document(body)["ranking"]], np.float64)


def _document(body: bytes) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(body)
    return document
