"""Which of the locked requirements an image needs: the packages that a service imports, and what those need.

``requirements.txt`` names for every package who asked for it (``# via …``), so the lock file alone tells what follows
from what, at the versions that everything else here runs with.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from data.errors import InvalidFile, Problem

LOCK = Path(__file__).parents[2] / "requirements.txt"
SERVING = (
    "fastapi", "httptools", "nats-py", "numpy", "onnxruntime", "orjson", "prometheus-client", "psutil", "uvicorn",
    "uvloop",
)  # fmt: skip
"""What servers and consumers import."""
BY_MODULE: Mapping[str, tuple[str, ...]] = {
    "strategies.streams.consumer": ("pyarrow",),
    "strategies.batches": ("dask", "distributed", "filelock", "pyarrow", "scikit-learn", "skops"),
}
"""What some services import besides."""
BY_FORMAT: Mapping[str, tuple[str, ...]] = {"skops": ("scikit-learn", "skops")}
"""What it takes to open a package's served file, besides."""
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[^\]]*\])?==\S+")


def locked(roots: Iterable[str], lock: Path = LOCK) -> str:
    """The lock file's lines for `roots` and all that they need, one a line, sorted."""
    lines, asked_by = _read(lock)
    wanted = {_plain(root) for root in roots}
    missing = wanted - lines.keys()
    if missing:
        problem = Problem(0, "", ", ".join(sorted(missing)), "is not pinned in it")
        raise InvalidFile(str(lock.name), (problem,), "lock the dependencies again with make lock")
    grown = True
    while grown:
        more = {name for name, askers in asked_by.items() if name not in wanted and askers & wanted}
        wanted |= more
        grown = bool(more)
    return "".join(f"{lines[name]}\n" for name in sorted(wanted))


def _read(lock: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Each package's line, and who asked for it. A package may have several lines, for several systems."""
    lines: dict[str, str] = {}
    asked_by: dict[str, set[str]] = {}
    name = ""
    for line in lock.read_text().splitlines():
        if found := _PINNED.match(line):
            name = _plain(found[1])
            lines[name] = f"{lines[name]}\n{line}" if name in lines else line
            asked_by.setdefault(name, set())
        elif name and line.startswith("    #"):
            asker = line.strip("# ").removeprefix("via").strip().partition(" ")[0].partition("[")[0]
            if asker:
                asked_by[name].add(_plain(asker))
    return lines, asked_by


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
