"""Releases that were made, live or simulated: kept in the state folder for the browser that made them."""

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.home import home

_ID = re.compile(r"[0-9a-f]{16}")
_NEWEST = 60


def new_id() -> str:
    """A name for a release that nobody guesses."""
    return secrets.token_hex(8)


def keep(record_id: str, record: Mapping[str, Any], session: str) -> None:
    """Keep what came of a release; it appears whole or not at all."""
    draft = _folder() / f".{record_id}.json"
    draft.write_text(json.dumps({**record, "id": record_id, "session": session}))
    draft.replace(_folder() / f"{record_id}.json")


def load(record_id: str, session: str) -> dict[str, Any] | None:
    """What was kept under that name; None where this browser kept no such release."""
    path = _folder() / f"{record_id}.json"
    if not _ID.fullmatch(record_id) or not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return found if found.get("session") == session else None


def kept(session: str) -> list[dict[str, Any]]:
    """This browser's releases among the newest of all, the newest first."""
    files = sorted(_folder().glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    own = (load(path.stem, session) for path in files[:_NEWEST] if not path.name.startswith("."))
    return [record for record in own if record is not None]


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


def _folder() -> Path:
    found = home() / "releases"
    found.mkdir(exist_ok=True)
    return found
