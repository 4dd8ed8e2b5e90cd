"""What a deployment's streams, subjects and consumers are called on the server.

Every name begins with the deployment's own prefix, so that several deployments can share one server or cluster and each
removes exactly what is its own.
"""

import secrets
from dataclasses import dataclass

from data.errors import InvalidValue

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
ROOT = "drydock_"


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one deployment; `prefix` holds lower-case letters, digits and underscores."""

    prefix: str

    def __post_init__(self) -> None:
        if not self.prefix.startswith(ROOT) or not set(self.prefix) <= _LETTERS:
            raise InvalidValue(
                "prefix", self.prefix, "cannot name streams", f"begin with {ROOT}; use lower-case letters and digits"
            )

    @classmethod
    def fresh(cls) -> "Names":
        """Names that no other deployment has."""
        return cls(f"{ROOT}{secrets.token_hex(6)}")

    @property
    def requests(self) -> str:
        """Subject of the requests. Its stream has the same name, as have those of answers, models and dead letters."""
        return f"{self.prefix}_requests"

    @property
    def suspects(self) -> str:
        """Subject, in the stream of requests, of those that are tried alone since consumers died with them."""
        return f"{self.prefix}_suspects"

    @property
    def answers(self) -> str:
        return f"{self.prefix}_answers"

    @property
    def dead(self) -> str:
        """Subject of dead letters: what cannot be answered, with the reason in a header."""
        return f"{self.prefix}_dead"

    @property
    def models(self) -> str:
        """Subject of model events: a new model is in the object store."""
        return f"{self.prefix}_models"

    def models_of(self, replica: int) -> str:
        """Subject, in the stream of model events, of those that are meant for one consumer alone."""
        return f"{self.models}.{replica}"

    @property
    def bucket(self) -> str:
        """Object store that holds the models."""
        return f"{self.prefix}_packages"

    @property
    def reports(self) -> str:
        """Subject on which consumers say what they serve; not stored."""
        return f"{self.prefix}_reports"

    @property
    def group(self) -> str:
        """Durable consumer that all consumer processes share."""
        return "group"

    @property
    def solo(self) -> str:
        """Durable consumer that hands out suspects, one at a time over all processes."""
        return "solo"

    @property
    def streams(self) -> tuple[str, ...]:
        return self.requests, self.answers, self.dead, self.models
