"""Who may ask: one bearer token for clients, another for administrators."""

import hmac
from collections.abc import Mapping
from typing import Any

from strategies.serving.problems import Problem

OPEN = frozenset({"/healthz", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"})
"""What anybody may ask: probes carry no token."""
LOOPBACK = ("127.0.0.1", "::1")


class Access:
    """Checks the token of every request but a probe's; without a token everybody may ask."""

    def __init__(self, token: str) -> None:
        self.needed = bool(token)
        self._token = token

    def check(self, scope: Mapping[str, Any]) -> Problem | None:
        """None, or the refusal. Administrators' paths have a secret of their own, which `administration` checks."""
        path = scope["path"]
        if path in OPEN or path.startswith("/admin/") or bears(dict(scope["headers"]), self._token):
            return None
        return Problem(
            401, "Unauthorized", "This server asks for a token: send it as 'authorization: Bearer …'.",
            field="authorization", rule="must carry this server's token", remedy="send 'authorization: Bearer …'",
            headers={"www-authenticate": "Bearer"},
        )  # fmt: skip


def bears(headers: Mapping[bytes, bytes], secret: str) -> bool:
    """Whether the authorization header carries the secret; takes as long whether it is nearly right or not at all."""
    sent = headers.get(b"authorization", b"")
    scheme, _, token = sent.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), secret.encode())
