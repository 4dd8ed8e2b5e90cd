"""The door of a live deployment: HTTP on the loopback interface, one request at a time, for who knows the secret."""

import hmac
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any

from data.errors import DrydockError

_MOST_BYTES = 1_000_000
_SLOW_S = 2.0

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


class Door:
    """Listens from the beginning of its context to its end; answers when `answer` is called."""

    def __init__(self, secret: str) -> None:
        self._server = _Server(secret)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def answer(self, ask: Ask, wait_s: float) -> None:
        """Answer one request, or return after `wait_s` without one."""
        self._server.ask = ask
        self._server.timeout = wait_s
        self._server.handle_request()

    def __enter__(self) -> "Door":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()


class _Server(HTTPServer):
    def __init__(self, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secret = secret
        self.ask: Ask = lambda _path, _body: {}


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SLOW_S  # whoever connects and says nothing must not keep the others out

    def do_POST(self) -> None:
        given = self.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.secret}".encode()):
            self._say(401, {"error": "The secret is missing or wrong."})
            return
        try:
            length = min(int(self.headers.get("content-length", "0")), _MOST_BYTES)
            self._say(200, self.server.ask(self.path, json.loads(self.rfile.read(length) or b"{}")))
        except (DrydockError, ValueError, KeyError) as error:
            self._say(422, {"error": str(error)})

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests at the door are not part of the deployment's log."""
