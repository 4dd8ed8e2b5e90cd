"""ONNX Runtime for browsers: which version, and where its files are kept on this machine.

They come from npm's registry when Drydock is installed, and are then served by Drydock itself: a visitor's browser asks
no other machine for them. ``python -m strategies.browsing.runtime`` fetches them.
"""

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data.errors import DrydockError, Unavailable

_LOCK = Path(__file__).with_name("runtime.json")
_BUILD = Path(__file__).parents[2] / "build"
FETCH = "python -m strategies.browsing.runtime"


@dataclass(frozen=True, slots=True)
class Lock:
    """What is to be fetched, exactly."""

    name: str
    """The package's name in npm's registry."""
    version: str
    integrity: str
    """Digest of the package's archive, as npm writes it: ``sha512-`` and base64."""
    files: tuple[str, ...]
    """Paths inside the package of all that a browser needs."""

    @property
    def archive(self) -> str:
        """File name of the package's archive."""
        return f"{self.name}-{self.version}.tgz"


@cache
def lock() -> Lock:
    """The version that Drydock is made for."""
    raw = json.loads(_LOCK.read_text())
    return Lock(raw["name"], raw["version"], raw["integrity"], tuple(raw["files"]))


def folder() -> Path:
    """Where the files are, or would be."""
    return _BUILD / f"{lock().name}-{lock().version}"


def installed() -> bool:
    """Whether all of them are here. They appear together or not at all."""
    return folder().is_dir()


def runtime_file(name: str) -> Path:
    """The file of that name; `Unavailable` when the runtime has not been fetched, or has none of that name."""
    if not installed():
        raise Unavailable("ONNX Runtime for browsers is not here", f"run {FETCH} once, which fetches 33 MB from npm")
    if name not in {Path(file).name for file in lock().files}:
        raise Unavailable(f"ONNX Runtime for browsers has no file {name!r}", "ask for one that it has")
    return folder() / name


def main() -> int:
    """Fetch what is missing; the exit status is 1 where that fails."""
    from strategies.browsing.fetching import fetch

    try:
        if not installed():
            fetch(lock(), folder())
    except DrydockError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{lock().name} {lock().version} is here.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
