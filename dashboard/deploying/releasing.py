"""Deploying anew: the way by which a version reaches a strategy that takes none up while it runs."""

import secrets
from pathlib import Path
from typing import Any

from dashboard.work import queue, start
from data.discovery import kind
from strategies.contract import Strategy
from strategies.live import SERVE


def strategy_of(payload: dict[str, Any]) -> type[Strategy]:
    """The strategy that a deployment's job was given."""
    return kind("strategies", Strategy, payload["strategy"])  # type: ignore[type-abstract]


def release_anew(job_id: str, payload: dict[str, Any], version: str) -> None:
    """Stop the deployment, and start one like it with another version on the shelf."""
    queue().cancel(job_id)
    folder = Path(payload["folder"]).with_name(version)
    again = {**payload, "folder": str(folder), "secret": secrets.token_urlsafe(24)}
    start(SERVE, again, lane="deploy", title=f"{strategy_of(payload).title}, released with {version}")
