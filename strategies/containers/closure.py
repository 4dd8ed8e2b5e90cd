"""Which of our files a program needs: those that it imports, wherever it does, and those that it names.

A kind is found by the dotted name of its folder and a process is started by that of its module, so a text that names
one of ours counts as an import of it.
"""

import dis
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).parents[2]
LAYERS = ("data", "strategies")
_NAME = re.compile(rf"({'|'.join(LAYERS)})(\.\w+)+")


def closure(modules: Iterable[str], root: Path = ROOT) -> list[Path]:
    """The files that these modules need, theirs included, sorted; modules that are not ours need none."""
    waiting = [path for module in modules for path in _whole(module, root)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _named(path, root)
    return sorted(found)


def _named(path: Path, root: Path) -> Iterator[Path]:
    found = path.stat()
    for name, whole in _names(path, (found.st_mtime_ns, found.st_size)):
        yield from (_whole if whole else _module)(name, root)


@cache
def _names(path: Path, stamp: tuple[int, int]) -> tuple[tuple[str, bool], ...]:  # noqa: ARG001 - another stamp, another content
    """What a file imports, and what it names, which counts as a whole where it is a folder."""
    # From compiled code: `ast.parse` fails now and then while another thread is at it too, on Python 3.11.
    waiting = [compile(path.read_text(), str(path), "exec")]
    found: dict[tuple[str, bool], None] = {}
    while waiting:
        code = waiting.pop()
        package = ""
        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME":
                package = str(step.argval)
                found[package, False] = None
            elif step.opname == "IMPORT_FROM":  # which may be a module itself
                found[f"{package}.{step.argval}", False] = None
        for constant in _flat(code.co_consts):
            if isinstance(constant, CodeType):
                waiting.append(constant)
            elif isinstance(constant, str) and _NAME.fullmatch(constant):
                found[constant, True] = None
    return tuple(found)


def _flat(constants: Iterable[object]) -> Iterator[object]:
    for constant in constants:
        if isinstance(constant, tuple | frozenset):
            yield from _flat(constant)
        else:
            yield constant


def _module(name: str, root: Path) -> Iterator[Path]:
    """A module's file, and those of the packages around it, which are imported first."""
    parts = name.split(".")
    if parts[0] not in LAYERS:
        return
    for depth in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:depth])
        yield from (path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file())


def _whole(name: str, root: Path) -> Iterator[Path]:
    """A module, or all that lies directly in a package."""
    yield from _module(name, root)
    if name.partition(".")[0] in LAYERS:
        yield from root.joinpath(*name.split(".")).glob("*.py")
