"""Reaching a NATS server: what a URL names, and one attempt to be let in."""

import json
import socket
import ssl
import threading
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from data.errors import InvalidValue, Unavailable

CONNECT_TIMEOUT_S = 2.0
_ADDRESS_FORM = "give nats://host:port, tls://host:port or nats://token@host:port; separate several with commas"


@dataclass(frozen=True, slots=True)
class Address:
    """One server of a URL."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = ""
    token: str = ""
    """What stands before the @ when there is no password."""

    @property
    def shown(self) -> str:
        """For messages: without the secret."""
        return f"{self.host}:{self.port}"

    @property
    def plain(self) -> str:
        """The URL without the secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'tls' if self.tls else 'nats'}://{host}:{self.port}"

    def credentials(self) -> dict[str, str]:
        if self.user:
            return {"user": self.user, "pass": self.password}
        return {"auth_token": self.token} if self.token else {}


def addresses(url: str) -> tuple[Address, ...]:
    """The servers that a URL names, which share what the first says about who we are.

    `InvalidValue` when it cannot be read; it is not shown, for it may hold a secret.
    """
    first, *others = (_address(part.strip()) for part in url.split(","))
    return first, *(replace(other, user=first.user, password=first.password, token=first.token) for other in others)


def _address(url: str) -> Address:
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        host, port = parts.hostname, parts.port or 4222
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if not host or parts.scheme not in ("nats", "tls"):
        raise InvalidValue("NATS_URL", "(not shown)", "is not the address of a NATS server", _ADDRESS_FORM)
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    tls = parts.scheme == "tls"
    return Address(host, port, tls, name, password) if password else Address(host, port, tls, token=name)


def reach(url: str, name: str) -> None:
    """Make sure that one of the servers lets us in; `Unavailable` says why none does. Waits 2 s for each at most."""
    errors = []
    for address in addresses(url):
        try:
            _handshake(address, name)[0].close()
            return
        except (OSError, ValueError) as error:
            errors.append(f"{address.shown}: {error}")
    raise no_server("; ".join(errors))


def no_server(why: str) -> Unavailable:
    return Unavailable(
        f"no NATS server answered ({why})", "start one there, correct NATS_URL, or unset it to use the bundled server"
    )


class Dial:
    """One attempt to connect to any of the servers, in a thread of its own since connecting may take seconds."""

    def __init__(self, servers: tuple[Address, ...], name: str) -> None:
        self.done = threading.Event()
        self.socket: socket.socket | None = None
        self.info: dict[str, Any] = {}
        self.error = ""
        self._abandoned = False
        threading.Thread(target=self._run, args=(servers, name), name="nats-dial", daemon=True).start()

    def abandon(self) -> None:
        """Nobody wants the connection any more."""
        self._abandoned = True
        self.done.wait(CONNECT_TIMEOUT_S)
        if self.socket is not None:
            self.socket.close()

    def _run(self, servers: tuple[Address, ...], name: str) -> None:
        for address in servers:
            try:
                self.socket, self.info = _handshake(address, name)
                break
            except (OSError, ValueError, InvalidValue) as error:
                self.error = f"{address.shown}: {error}"
            if self._abandoned:
                break
        self.done.set()


def _handshake(address: Address, name: str) -> tuple[socket.socket, dict[str, Any]]:
    """Connect, send who we are and wait until the server has accepted it."""
    raw: socket.socket = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
    try:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _read_line(raw)
        if not line.startswith(b"INFO "):
            raise OSError("what answers there is not a NATS server")
        info: dict[str, Any] = json.loads(line[5:])
        if address.tls or info.get("tls_required"):
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=address.host)
        hello = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "protocol": 1}
        about = {"name": name, "lang": "python", "version": "1", **address.credentials()}
        raw.sendall(b"CONNECT %b\r\nPING\r\n" % json.dumps(hello | about).encode())
        while not (line := _read_line(raw)).startswith(b"PONG"):
            if line.startswith(b"-ERR"):
                raise OSError(line[4:].strip(b" '").decode(errors="replace"))
        raw.setblocking(False)
        return raw, info
    except BaseException:
        raw.close()
        raise


def _read_line(raw: socket.socket) -> bytes:
    # Byte by byte: what follows the line belongs to the parser, or to the TLS handshake.
    line = bytearray()
    while not line.endswith(b"\r\n"):
        byte = raw.recv(1)
        if not byte:
            raise OSError("the server closed the connection")
        line += byte
    return bytes(line[:-2])
