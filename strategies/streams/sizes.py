"""How much a deployment may queue, and how patient it is."""

from dataclasses import dataclass

from data.errors import InvalidValue
from strategies.contract import Limits

SETTINGS = ("queue_messages", "unacknowledged", "ack_wait_s")
_HEADERS_BYTES = 4_096
_MAX_SETTING = 10_000_000


@dataclass(frozen=True, slots=True)
class Sizes:
    queue_messages: int = 100_000
    """Requests that may wait; one more is refused."""
    queue_bytes: int = 1 << 28
    answer_bytes: int = 1 << 30
    message_bytes: int = 1_000_000
    """Largest request."""
    unacknowledged: int = 10_000
    """Requests that all consumers together may have taken up and not finished."""
    ack_wait_s: float = 2.0
    """A request that was taken up and not finished after this long is given to another consumer."""

    @classmethod
    def of(cls, limits: Limits) -> "Sizes":
        """What a deployment's limits and settings say; `InvalidValue` for a setting that streaming does not know."""
        unknown = limits.settings.keys() - set(SETTINGS)
        if unknown:
            raise InvalidValue("settings", sorted(unknown), "are not streaming's", f"use {', '.join(SETTINGS)}")
        given = {name: _positive(name, value) for name, value in limits.settings.items()}
        return cls(message_bytes=limits.max_body_bytes + _HEADERS_BYTES, **given)  # type: ignore[arg-type]


def _positive(name: str, value: object) -> float:
    kinds = (int, float) if name == "ack_wait_s" else (int,)
    if isinstance(value, kinds) and not isinstance(value, bool) and 0 < value <= _MAX_SETTING:
        return value
    number = "number" if float in kinds else "whole number"
    raise InvalidValue(name, value, f"must be a {number} above 0, {_MAX_SETTING:,} at most", "correct the setting")
