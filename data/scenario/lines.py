"""On which line of a TOML text a key stands.

`tomllib` drops positions. A text that it has accepted is simple to scan, though: statements end at a line's end outside
of strings, brackets and braces, and each is a header or a key with its value.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]', re.DOTALL
)
_KEY = re.compile(r'(?:"(?:\\.|[^"\\])*"|\'[^\']*\'|[^"\'=\n])+(?==)')
_HEADER = re.compile(r'\[\[?((?:"(?:\\.|[^"\\])*"|\'[^\']*\'|[^"\'\]\n])+)\]')


def key_lines(text: str) -> Mapping[Path, int]:
    """Line, counted from 1, of every table and key of a valid TOML text; tables in an array are numbered from 0.

    Keys inside an inline table or array are not listed: their line is that of the key that holds it.

    >>> key_lines("seed = 1\\n[slo]\\nlatency_ms = 5")[("slo", "latency_ms")]
    3
    """
    lines: dict[Path, int] = {(): 1}
    counts: Counter[Path] = Counter()
    table: Path = ()
    for line, statement in _statements(text):
        if header := _HEADER.match(statement):
            names = _names(header[1])
            if statement.startswith("[["):
                counts[_numbered(names, counts)] += 1
            table = _numbered(names, counts, last=True)
            _note(lines, table, line)
        elif key := _KEY.match(statement):
            _note(lines, table + _names(key[0]), line)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Line of the key, or of the nearest table around it; None where only the whole file is."""
    while path and path not in lines:
        path = path[:-1]
    return lines[path] if path else None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    depth, start, line = 0, 0, 1
    for token in _TOKEN.finditer(text + "\n"):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            statement = text[start : token.start()]
            if not statement.lstrip().startswith("#"):
                yield line, statement.strip()
            line += statement.count("\n") + 1
            start = token.end()


def _names(key: str) -> tuple[str, ...]:
    value, names = tomllib.loads(f"{key} = 0"), []
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        names.append(name)
    return tuple(names)


def _numbered(names: tuple[str, ...], counts: Mapping[Path, int], *, last: bool = False) -> Path:
    path: Path = ()
    for place, name in enumerate(names):
        path += (name,)
        if counts.get(path) and (last or place < len(names) - 1):
            path += (counts[path] - 1,)
    return path


def _note(lines: dict[Path, int], path: Path, line: int) -> None:
    for length in range(1, len(path) + 1):
        lines.setdefault(path[:length], line)
