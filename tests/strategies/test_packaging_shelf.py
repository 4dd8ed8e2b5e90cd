"""Packages are listed, found by version and deleted."""

import os
from pathlib import Path

import pytest

from data.errors import InvalidValue
from strategies.packaging.package import ModelPackage
from strategies.packaging.shelf import delete_package, find_package, list_packages, packages_folder


@pytest.fixture
def shelved(home: Path, tumour_forest: ModelPackage, digits_network: ModelPackage) -> list[ModelPackage]:
    """Two packages, the second newer."""
    import shutil

    found = []
    for age, package in enumerate((digits_network, tumour_forest)):
        folder = Path(shutil.copytree(package.folder, packages_folder() / package.version))
        os.utime(folder / "manifest.json", (1_000_000 - age, 1_000_000 - age))
        found.append(ModelPackage(folder, package.manifest))
    assert home in found[0].folder.parents
    return found


def test_the_newest_comes_first(shelved: list[ModelPackage]) -> None:
    assert list(list_packages()) == shelved


def test_one_is_found_by_its_version_with_its_files_checked(shelved: list[ModelPackage]) -> None:
    digits, forest = shelved
    assert find_package(forest.version) == forest
    (digits.folder / "model.onnx").write_bytes(b"changed")
    with pytest.raises(InvalidValue, match=r"model\.onnx .* is not the file packaged"):
        find_package(digits.version)


def test_an_unknown_version_lists_those_that_exist(shelved: list[ModelPackage]) -> None:
    with pytest.raises(InvalidValue, match=rf"'nope' is not on the shelf: choose one of {shelved[0].version}"):
        find_package("nope")


def test_an_empty_shelf_says_how_to_fill_it(home: Path) -> None:
    assert list_packages() == ()
    with pytest.raises(InvalidValue, match="train a model or upload one"):
        find_package("nope")
    assert home.is_dir()


def test_a_deleted_one_is_gone_and_the_others_stay(shelved: list[ModelPackage]) -> None:
    digits, forest = shelved
    delete_package(digits.version)
    assert list_packages() == (forest,)
    assert [entry.name for entry in packages_folder().iterdir()] == [forest.version]
    with pytest.raises(InvalidValue, match="is not on the shelf"):
        delete_package(digits.version)


@pytest.mark.parametrize("version", ["..", "../packages", ".partial-x"])
def test_a_version_is_no_path(shelved: list[ModelPackage], version: str) -> None:
    (packages_folder() / ".partial-x").mkdir()
    with pytest.raises(InvalidValue, match="is not on the shelf"):
        delete_package(version)
    assert len(list_packages()) == len(shelved)
