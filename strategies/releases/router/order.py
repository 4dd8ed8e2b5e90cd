"""What a router is started with."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

VARIABLE = "DRYDOCK_RELEASE"
"""Environment variable that carries the order, the secret included: arguments can be read by everybody."""


@dataclass(frozen=True, slots=True)
class Order:
    """Two deployments, a policy, and how answers are read."""

    policy: Mapping[str, Any]
    """As `choices.make_policy` reads it."""
    old: int
    """Port of the old version's deployment."""
    new: int = 0
    """Port of the new one's; 0 while it is not ready."""
    secret: str = ""
    """Asked of whoever watches or steers; empty lets nobody."""
    timeout_s: float = 5.0
    edges: tuple[float, ...] = ()
    """Edges of the answers' bins."""
    tolerance: float = 1e-3
    salt: str = ""
    """Another salt assigns keys anew."""
    upstream_host: str = field(default="127.0.0.1")

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Order":
        value = json.loads(text)
        return cls(**{**value, "edges": tuple(value.get("edges", ()))})
