"""What a server may be asked for, and the secrets that it checks."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InvalidValue


@dataclass(frozen=True)
class Settings:
    """Limits and secrets of one server."""

    package: Path
    host: str = "127.0.0.1"
    port: int = 8080
    max_body_bytes: int = 1_000_000
    max_rows: int = 1_000
    timeout_s: float = 5.0
    """A request without its answer after this long is over: 408 while its body is still arriving, 503 afterwards."""
    max_in_flight: int = 1_000
    """Requests that a replica takes up at once; beyond them it answers 503 with Retry-After."""
    idle_timeout_s: float = 75.0
    """A connection without a request for this long is closed."""
    token: str = ""
    """Bearer token that clients must send; empty asks for none."""
    admin_secret: str = ""
    """Bearer token of the admin endpoints; without one there are none."""
    admin_from: str = ""
    """An address besides the loopback interface's from which administrators may ask: a container's gateway."""
    signing_key: str = ""
    """Key that every package must be signed with (strategies/packaging/signing.py); empty asks for no signature."""


def from_command_line(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from arguments; secrets come from the environment or a file, as everybody can read arguments."""
    parser = argparse.ArgumentParser(prog="python -m strategies.serving", description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of a model package")
    parser.add_argument("--host", default=Settings.host)
    parser.add_argument("--port", type=int, default=Settings.port)
    parser.add_argument("--max-body-bytes", type=int, default=Settings.max_body_bytes)
    parser.add_argument("--max-rows", type=int, default=Settings.max_rows)
    parser.add_argument("--timeout-s", type=float, default=Settings.timeout_s)
    parser.add_argument("--max-in-flight", type=int, default=Settings.max_in_flight)
    parser.add_argument("--idle-timeout-s", type=float, default=Settings.idle_timeout_s)
    found = parser.parse_args(arguments)
    return Settings(
        **vars(found),
        token=_secret(environment, "DRYDOCK_TOKEN"),
        admin_secret=_secret(environment, "DRYDOCK_ADMIN_SECRET"),
        admin_from=environment.get("DRYDOCK_ADMIN_FROM", ""),
        signing_key=_secret(environment, "DRYDOCK_SIGNING_KEY"),
    )


def _secret(environment: Mapping[str, str], name: str) -> str:
    """The value of `name`, or the content of the file that `name`_FILE names; empty when neither is set."""
    path = environment.get(f"{name}_FILE")
    if path is None:
        return environment.get(name, "")
    if not Path(path).is_file() or not (secret := Path(path).read_text().strip()):
        raise InvalidValue(f"{name}_FILE", path, "names no file that holds a secret", "write the secret into it")
    return secret
