"""What every benchmark needs: contenders that take turns, medians, a table and a file.

A file in this folder that does not start with an underscore or ``test_`` is a group of rows: it defines
``run(effort: Effort) -> Iterable[Row]``. ``python -m tests.bench --only api,embedded`` runs the groups named, all of
them without it.
"""

import importlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Literal

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parents[1] / "build" / "bench.json"
Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int = 7
    """Turns of each contender."""
    seconds: float = 2.0
    """Length of one turn, where a turn has a length."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    name: str
    ours: float
    theirs: float
    ratio: float
    """How many times better ours is: ours / theirs where more is better, theirs / ours where less is."""
    target: float
    """Least ratio that will do."""
    unit: str
    n: int
    """Rounds behind the medians."""
    ok: bool


def take_turns(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Let contenders measure one after the other, over and over: A B A B …, after one turn each to warm up.

    What disturbs a machine for a while then disturbs all of them, and the ratio within a round stays fair.
    """
    for contender in contenders.values():
        contender()
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        # Every other round backwards, so that nobody always comes after the same one.
        for name in list(contenders)[:: 1 if number % 2 == 0 else -1]:
            found[name].append(contenders[name]())
    return found


def compare(
    name: str, ours: Sequence[float], theirs: Sequence[float], *, target: float, unit: str, better: Better = "more"
) -> Row:
    """A row from two contenders' rounds: medians of both, and the median of the rounds' ratios."""
    pairs = list(zip(ours, theirs, strict=True))
    ratio = median(a / b if better == "more" else b / a for a, b in pairs)
    return Row(name, median(ours), median(theirs), ratio, target, unit, len(pairs), ratio >= target)


def groups() -> dict[str, ModuleType]:
    """The groups in this folder, by name."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith(("_", "test_", "conftest")))
    return {name: importlib.import_module(f"tests.bench.{name}") for name in names}


def table(rows: Iterable[Row]) -> str:
    """The rows as aligned text."""
    head = ("", "ours", "theirs", "ratio", "target", "unit", "n", "")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i in (0, 5, 7) else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def save(rows: Sequence[Row], path: Path = RESULTS) -> None:
    """Write the rows as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def _cells(row: Row) -> tuple[str, ...]:
    numbers = [f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in (row.ours, row.theirs)]
    return (
        row.name,
        *numbers,
        f"{row.ratio:.3g}×",
        f"{row.target:g}×",
        row.unit,
        str(row.n),
        "ok" if row.ok else "MISSED",
    )
