"""Kinds are found in their folders: one file is one kind, and no list names them anywhere else.

A file whose name starts with an underscore, and `contract.py`, which holds the abstract class, are not kinds. Every
other file in the folder must define exactly one concrete subclass of the family's base class; the file's name is the
kind's name.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import TypeVar

from data.errors import DiscoveryError, UnknownKind

T = TypeVar("T")

_found: dict[tuple[str, type], Mapping[str, type]] = {}


def kinds(package: str, base: type[T]) -> Mapping[str, type[T]]:
    """The concrete subclasses of `base` found in the folder of `package`, by file name, sorted.

    Parameters
    ----------
    package
        Dotted name of the folder that holds one file per kind, such as ``"data.workloads"``.
    base
        The family's abstract class.

    Raises
    ------
    DiscoveryError
        A file fails to import, does not define exactly one kind, or repeats another's name.
    """
    key = package, base
    if key not in _found:
        folder = importlib.import_module(package)
        own = {name: _kind_in(_load(f"{package}.{name}"), base) for name in _names(folder)}
        _found[key] = MappingProxyType(own)
    return _found[key]


def kind(package: str, base: type[T], name: str) -> type[T]:
    """The kind of that name; an unknown name raises `UnknownKind`, which lists the valid ones."""
    found = kinds(package, base)
    if name not in found:
        raise UnknownKind(_family(base), name, found)
    return found[name]


def kind_name(cls: type[object]) -> str:
    """The name a discovered class goes by: its file's name."""
    return cls.__module__.rpartition(".")[2]


def _names(folder: ModuleType) -> list[str]:
    # A folder may have several roots (a team can keep kinds of its own beside ours), so names can repeat.
    found = [
        m.name for root in folder.__path__ for m in pkgutil.iter_modules([root]) if not m.ispkg and _is_kind(m.name)
    ]
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated:
        raise DiscoveryError(
            f"{folder.__name__} holds {', '.join(repeated)} more than once: rename or remove one of each."
        )
    return sorted(found)


def _is_kind(name: str) -> bool:
    return name != "contract" and not name.startswith("_")


def _load(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        raise DiscoveryError(
            f"{module} fails to import ({type(error).__name__}: {error}): mend or remove its file."
        ) from error


def _kind_in(module: ModuleType, base: type[T]) -> type[T]:
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
    if len(own) != 1:
        names = ", ".join(cls.__name__ for cls in own) or "none"
        raise DiscoveryError(
            f"{module.__name__} defines {len(own)} concrete {base.__name__} classes ({names}), "
            "and must define exactly one: give each kind its own file, or begin a helper file's name with _."
        )
    return own[0]


def _family(base: type[object]) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in base.__name__)
    return words.strip()
