"""Where Drydock keeps what it makes: runs, traces, packages and experiment tracking."""

import os
from pathlib import Path


def home() -> Path:
    """The state folder: `$DRYDOCK_HOME`, or `.drydock/` in the working folder. Created when missing."""
    folder = Path(os.environ.get("DRYDOCK_HOME", ".drydock")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
