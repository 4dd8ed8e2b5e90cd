"""The packages that are kept on this machine: home()/packages/<version>/."""

import json
import shutil
import tempfile
from pathlib import Path

from data.errors import InvalidValue
from data.home import home
from strategies.packaging.build import write_manifest
from strategies.packaging.package import MANIFEST, Manifest, ModelPackage


def packages_folder() -> Path:
    """Where packages are kept, one folder each, named for its version."""
    return home() / "packages"


def list_packages() -> tuple[ModelPackage, ...]:
    """All packages, newest first. Their files' hashes are checked when one is found or opened, not here."""
    manifests = [path for path in packages_folder().glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
    newest_first = sorted(manifests, key=lambda path: path.stat().st_mtime, reverse=True)
    return tuple(ModelPackage(path.parent, Manifest.from_dict(json.loads(path.read_bytes()))) for path in newest_first)


def find_package(version: str) -> ModelPackage:
    """The package of that version, its files checked; `InvalidValue` lists those that exist."""
    known = [package.version for package in list_packages()]
    if version not in known:
        listed = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
        remedy = f"choose one of {listed}" if known else "train a model or upload one"
        raise InvalidValue("model package", version, "is not on the shelf", remedy)
    return ModelPackage.open(packages_folder() / version)


def renew_manifest(package: ModelPackage, manifest: Manifest) -> ModelPackage:
    """Say something else about the same files, in one step."""
    draft = package.folder / f".{MANIFEST}"
    write_manifest(draft, manifest)
    draft.replace(package.folder / MANIFEST)
    return ModelPackage(package.folder, manifest)


def delete_package(version: str) -> None:
    """Remove a package; what has it loaded already goes on serving it."""
    folder = find_package(version).folder
    with tempfile.TemporaryDirectory(prefix=".deleted-", dir=packages_folder(), ignore_cleanup_errors=True) as bin_:
        folder.rename(Path(bin_) / "package")  # gone in one step, so that nobody finds half of it
        shutil.rmtree(bin_, ignore_errors=True)
