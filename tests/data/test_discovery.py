"""Kinds are discovered from their folders, and a folder that cannot be used says why."""

import itertools
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import pytest

from data.discovery import kind, kind_name, kinds
from data.errors import DiscoveryError, UnknownKind

_count = itertools.count()


class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...


GOOD = f"from {__name__} import Shape\nclass {{}}(Shape):\n    def area(self): return 1.0\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes an importable folder of the given files and returns its dotted name."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.syspath_prepend(tmp_path)

    def make(root: Path = tmp_path, name: str | None = None, **files: str) -> str:
        name = name or f"shapes_{next(_count)}"
        (root / name).mkdir(parents=True)
        for stem, text in files.items():
            (root / name / f"{stem}.py").write_text(text)
        return name

    return make


def test_every_file_is_one_kind_under_its_own_name(package: Callable[..., str]) -> None:
    name = package(square=GOOD.format("Square"), circle=GOOD.format("Circle"), _helper="x = 1", contract="y = 2")
    found = kinds(name, Shape)
    assert list(found) == ["circle", "square"]
    assert found["circle"]().area() == 1.0
    assert kind_name(kind(name, Shape, "square")) == "square"


def test_an_unknown_name_lists_the_valid_ones(package: Callable[..., str]) -> None:
    name = package(square=GOOD.format("Square"), circle=GOOD.format("Circle"))
    with pytest.raises(UnknownKind, match=r"no shape is named 'sqare': choose one of circle, square"):
        kind(name, Shape, "sqare")


def test_a_file_that_fails_to_import_names_itself_and_the_cause(package: Callable[..., str]) -> None:
    name = package(square="import nothing_of_that_name")
    with pytest.raises(DiscoveryError, match=r"square fails to import \(ModuleNotFoundError: .*nothing_of_that_name"):
        kinds(name, Shape)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", r"defines 0 concrete Shape classes \(none\)"),
        (GOOD.format("A") + GOOD.format("B").split("\n", 1)[1], r"defines 2 concrete Shape classes \(A, B\)"),
        (f"from {__name__} import Shape\nclass Half(Shape): ...\n", "defines 0"),
    ],
)
def test_a_file_must_define_exactly_one_kind(package: Callable[..., str], text: str, says: str) -> None:
    with pytest.raises(DiscoveryError, match=says):
        kinds(package(odd=text), Shape)


def test_a_name_that_two_folders_share_is_refused(package: Callable[..., str], tmp_path: Path) -> None:
    second = tmp_path / "second"
    sys.path.insert(0, str(second))
    try:
        name = package(square=GOOD.format("Square"))
        package(root=second, name=name, square=GOOD.format("Square"))
        with pytest.raises(DiscoveryError, match=r"holds square more than once"):
            kinds(name, Shape)
    finally:
        sys.path.remove(str(second))
