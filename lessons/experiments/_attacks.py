"""Five attacks on a server of our own: what is sent, what it answers, and whether that refuses it."""

import http.client
import json
import pickle
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from data.errors import InvalidValue
from strategies.hosts.contract import Running, Service
from strategies.hosts.process import ProcessHost
from strategies.live.snippets import example_record
from strategies.packaging.package import MANIFEST, ModelPackage
from strategies.packaging.signing import sign
from strategies.packaging.upload import Upload, package_upload

Defence = Literal["open", "token", "signed"]
MOST_BYTES = 1_000_000
_ASKED = 150
_HEADERS = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack and what came of it."""

    name: str
    refused: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server with a defence, and what an attacker knows of it."""

    package: ModelPackage
    """What it serves."""
    running: Running
    admin_secret: str
    """Stolen, for the attacks that need it."""
    token: str
    """Of honest clients; empty where none is asked for."""
    start_s: float

    def ask(self, token: str = "", body: bytes = b"") -> tuple[int, str]:
        """Ask for a prediction; the status, and what is wrong where something is."""
        headers = {**_HEADERS, **({"authorization": f"Bearer {token}"} if token else {})}
        return self._post("/predict", body or self.question, headers)

    def publish(self, folder: Path) -> tuple[int, str]:
        """Tell it to serve another package."""
        version = json.loads((folder / MANIFEST).read_text())["version"]
        headers = {**_HEADERS, "authorization": f"Bearer {self.admin_secret}"}
        return self._post("/admin/versions", json.dumps({"folder": str(folder), "version": version}).encode(), headers)

    @property
    def question(self) -> bytes:
        return json.dumps({"record": example_record(self.package.manifest)}).encode()

    def latencies_s(self) -> list[float]:
        """Of honest requests, one after the other, on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=10)
        headers = {**_HEADERS, **({"authorization": f"Bearer {self.token}"} if self.token else {})}
        found: list[float] = []
        try:
            for _ in range(_ASKED):
                began_s = time.perf_counter()
                connection.request("POST", "/predict", self.question, headers)
                connection.getresponse().read()
                found.append(time.perf_counter() - began_s)
        finally:
            connection.close()
        return found[_ASKED // 3 :]  # the first ones warm up

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=10)
        try:
            # It may answer before it has read everything, and that answer is what counts.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request("POST", path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except (ConnectionError, http.client.HTTPException) as error:
            return 0, f"connection closed ({type(error).__name__})"
        finally:
            connection.close()
        return response.status, _said(text)


@contextmanager
def guarded(package: ModelPackage, defence: Defence) -> Iterator[Guarded]:
    """A real server for a copy of the package, with that much defence."""
    key, admin = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    token = secrets.token_urlsafe(32) if defence != "open" else ""
    environment = {"DRYDOCK_ADMIN_SECRET": admin, **({"DRYDOCK_TOKEN": token} if token else {})}
    with tempfile.TemporaryDirectory(prefix="drydock-attacks-") as folder:
        own = Path(folder) / "served"
        shutil.copytree(package.folder, own)
        copy = ModelPackage.open(own)
        if defence == "signed":
            sign(copy, key)
            environment["DRYDOCK_SIGNING_KEY"] = key
        service = Service(
            "attacked", "strategies.serving", ("--package", "{files:package}", "--max-body-bytes", str(MOST_BYTES)),
            {"package": own}, environment,
        )  # fmt: skip
        began_s = time.perf_counter()
        with ProcessHost().run(service) as running:
            yield Guarded(copy, running, admin, token, time.perf_counter() - began_s)


def attack(server: Guarded) -> tuple[Attack, ...]:
    """All five, one after the other."""
    with tempfile.TemporaryDirectory(prefix="drydock-attacker-") as folder:
        place = Path(folder)
        return (
            _guessed_token(server),
            _oversized(server),
            _pickle(server, place),
            _tampered(server, place),
            _unsigned(server, place),
        )


def _guessed_token(server: Guarded) -> Attack:
    status, text = server.ask(secrets.token_urlsafe(8))
    return _judged("a guessed token", status, text)


def _oversized(server: Guarded) -> Attack:
    body = b'{"record": {"x": "' + b"A" * (2 * MOST_BYTES) + b'"}}'
    status, text = server.ask(server.token, body)
    return _judged("a body of two megabytes", status, text)


def _pickle(server: Guarded, place: Path) -> Attack:
    """A pickle that would write a file if anybody loaded it; sent as an upload under a harmless name."""
    written, file = place / "owned", place / "model.onnx"
    file.write_bytes(pickle.dumps(_Writes(written)))
    manifest = server.package.manifest
    rows = np.zeros((1, len(manifest.schema)), np.float32)
    upload = Upload("upload", manifest.schema, manifest.task, manifest.target, manifest.outputs, rows)
    try:
        package_upload(file, file.name, upload, place / "packages")
    except InvalidValue as error:
        return Attack("a malicious pickle", not written.exists(), str(error))
    return Attack("a malicious pickle", False, "accepted")


def _tampered(server: Guarded, place: Path) -> Attack:
    """The served file with one bit changed after it was packaged."""
    folder = place / "tampered"
    shutil.copytree(server.package.folder, folder)
    file = ModelPackage(folder, server.package.manifest).served_file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    return _judged("a model file that was changed", *server.publish(folder))


def _unsigned(server: Guarded, place: Path) -> Attack:
    """The right files under another manifest: all hashes fit, and a threshold of 1 says yes to nobody."""
    folder = place / "unsigned"
    shutil.copytree(server.package.folder, folder)
    path = folder / MANIFEST
    document = json.loads(path.read_text()) | {"threshold": 1.0, "notes": ["published by somebody else"]}
    path.write_text(json.dumps(document))
    return _judged("a model that we did not sign", *server.publish(folder))


def _judged(name: str, status: int, text: str) -> Attack:
    return Attack(name, not 200 <= status < 300, f"{status}: {text}" if status else text)


def _said(text: str) -> str:
    """What a refusal says, or that it was no refusal."""
    try:
        document = json.loads(text)
    except ValueError:
        return text[:200]
    return str(document.get("detail", "answered"))[:300]


class _Writes:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)
