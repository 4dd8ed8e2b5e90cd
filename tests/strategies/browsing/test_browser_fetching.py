"""The runtime for browsers: exactly the locked bytes, or nothing."""

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from data.errors import Unavailable
from strategies.browsing import fetching, runtime
from strategies.browsing.runtime import Lock


def packed(folder: Path, files: dict[str, bytes]) -> tuple[Path, str]:
    """An npm archive with these files, and its digest."""
    archive = folder / "thing-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as opened:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    digest = hashlib.sha512(archive.read_bytes()).digest()
    return archive, f"sha512-{base64.b64encode(digest).decode()}"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Lock, Path]:
    """A lock, and a registry that serves its archive."""
    files = {"package/dist/a.mjs": b"export {}", "package/../../evil": b"evil", "package/package.json": b"{}"}
    archive, digest = packed(tmp_path, files)
    monkeypatch.setattr(fetching, "_archive", lambda _lock, _folder: archive)
    return Lock("thing", "1.0.0", digest, ("dist/a.mjs", "package.json")), archive


def test_what_is_locked_is_unpacked_and_nothing_else(served: tuple[Lock, Path], tmp_path: Path) -> None:
    target = tmp_path / "build" / "thing"
    fetching.fetch(served[0], target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {"a.mjs": b"export {}", "package.json": b"{}"}
    assert list(target.parent.iterdir()) == [target], "nothing half-fetched stays behind"
    fetching.fetch(served[0], target)  # somebody who was slower does no harm


def test_an_archive_that_was_changed_is_refused(served: tuple[Lock, Path], tmp_path: Path) -> None:
    lock, archive = served
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(Unavailable, match="is not the file that was locked"):
        fetching.fetch(lock, tmp_path / "build" / "thing")
    assert list((tmp_path / "build").iterdir()) == []


def test_a_registry_must_speak_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setenv("npm_config_registry", "http://registry.example/")
    with pytest.raises(Unavailable, match="speaks HTTPS"):
        fetching.fetch(runtime.lock(), tmp_path / "build" / "thing")


def test_a_registry_out_of_reach_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setenv("npm_config_registry", "https://127.0.0.1:1/")
    with pytest.raises(Unavailable, match="npm_config_registry"):
        fetching.fetch(runtime.lock(), tmp_path / "build" / "thing")


def test_files_are_given_by_their_exact_names_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runtime, "folder", lambda: tmp_path)
    for name in ("../runtime.json", "secret", "", "."):
        with pytest.raises(Unavailable, match="has no file"):
            runtime.runtime_file(name)
    monkeypatch.setattr(runtime, "folder", lambda: tmp_path / "nothing")
    with pytest.raises(Unavailable, match=runtime.FETCH):
        runtime.runtime_file("package.json")
