"""Releases that were made, live or simulated: kept in the state folder for the browser that made them.

A record's file is named for its browser and for itself, so that nobody's records are read to find somebody else's.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from data.home import home

_ID = re.compile(r"[0-9a-f]{16}")
KEPT = 20
"""Records kept for a browser; each one more removes its oldest."""
KEPT_IN_ALL = 2_000
"""Records kept for all browsers together, most of which never come back."""


def new_id() -> str:
    """A name for a release that nobody guesses."""
    return secrets.token_hex(8)


def keep(record_id: str, record: Mapping[str, Any], session: str) -> None:
    """Keep what came of a release, and remove the oldest of too many; it appears whole or not at all."""
    draft = _folder() / f".{record_id}.json"
    draft.write_text(json.dumps({**record, "id": record_id}))
    draft.replace(_file(record_id, session))
    for pattern, most in ((f"{_owner(session)}.*.json", KEPT), ("[!.]*.json", KEPT_IN_ALL)):
        for path in _newest_first(pattern)[most:]:
            path.unlink(missing_ok=True)


def load(record_id: str, session: str) -> dict[str, Any] | None:
    """What was kept under that name; None where this browser kept no such release."""
    if not _ID.fullmatch(record_id):
        return None
    return _read(_file(record_id, session))


def kept(session: str) -> list[dict[str, Any]]:
    """This browser's releases, the newest first."""
    found = (_read(path) for path in _newest_first(f"{_owner(session)}.*.json"))
    return [record for record in found if record is not None]


def course_file(record_id: str) -> Path:
    """Where a release that goes on writes its decisions, a line each."""
    return _folder() / f"{record_id}.course"


def course_so_far(record_id: str) -> list[dict[str, Any]]:
    """The decisions of a release that goes on; a line that is being written is left out."""
    try:
        lines = course_file(record_id).read_text().split("\n")[:-1]
    except OSError:
        return []
    return [json.loads(line) for line in lines if line]


def forget_course(record_id: str) -> None:
    course_file(record_id).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except OSError:  # another process may have removed it meanwhile
        return None
    return found


def _newest_first(pattern: str) -> list[Path]:
    ages = []
    for path in _folder().glob(pattern):
        with suppress(OSError):
            ages.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(ages, reverse=True)]


def _owner(session: str) -> str:
    """A browser's part of its files' names: the same for itself alone, and of no use as its secret."""
    return hashlib.sha256(session.encode()).hexdigest()[:16]


def _file(record_id: str, session: str) -> Path:
    return _folder() / f"{_owner(session)}.{record_id}.json"


def _folder() -> Path:
    found = home() / "releases"
    found.mkdir(exist_ok=True)
    return found
