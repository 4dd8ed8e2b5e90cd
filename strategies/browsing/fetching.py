"""Fetching a package from npm's registry: by npm where there is one, which knows its user's settings, or without it."""

import base64
import hashlib
import hmac
import os
import shutil
import ssl
import subprocess
import tarfile
import tempfile
import urllib.request
from pathlib import Path

from data.errors import Unavailable
from strategies.browsing.runtime import Lock

_TIMEOUT_S = 300.0
_MOST_BYTES = 200_000_000


def fetch(lock: Lock, target: Path) -> None:
    """Put the package's files into the folder `target`, which appears whole or not at all.

    Raises `Unavailable` when no registry can be reached, and when what came is not what was locked.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as draft:
        archive = _archive(lock, Path(draft))
        check(archive, lock)
        files = Path(draft) / "files"
        _unpack(archive, lock, files)
        try:
            files.rename(target)
        except OSError:
            if not target.is_dir():  # somebody else was quicker, with the same bytes
                raise


def check(archive: Path, lock: Lock) -> None:
    """Refuse an archive whose digest is not the locked one."""
    kind, _, wanted = lock.integrity.partition("-")
    with archive.open("rb") as file:
        found = base64.b64encode(hashlib.file_digest(file, kind).digest()).decode()
    if not hmac.compare_digest(found, wanted):
        raise Unavailable(
            f"{lock.archive} is not the file that was locked ({kind} {found[:16]}… instead of {wanted[:16]}…)",
            "try again; if it stays so, the registry serves another file, and it must not be used",
        )


def _archive(lock: Lock, folder: Path) -> Path:
    if npm := shutil.which("npm"):
        command = [npm, "pack", "--silent", "--ignore-scripts", f"{lock.name}@{lock.version}"]
        # npm answers whether it has fetched the file; where it could not, the registry may still be reachable.
        subprocess.run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=False)
        if (folder / lock.archive).is_file():
            return folder / lock.archive
    return _download(lock, folder / lock.archive)


def _download(lock: Lock, archive: Path) -> Path:
    registry = os.environ.get("npm_config_registry", "")  # noqa: SIM112 - npm's own name for it
    if not registry:
        raise Unavailable(
            f"npm did not fetch {lock.archive}",
            "install npm (it comes with Node.js), connect this machine once, or name a registry in npm_config_registry",
        )
    address = f"{registry.rstrip('/')}/{lock.name}/-/{lock.archive}"
    if not address.startswith("https://"):
        raise Unavailable(f"{lock.archive} is not fetched from {registry}", "name a registry that speaks HTTPS")
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S, context=ssl.create_default_context()) as answer:
            archive.write_bytes(answer.read(_MOST_BYTES))
    except OSError as error:
        raise Unavailable(
            f"{lock.archive} cannot be fetched from {registry} ({error})",
            "connect this machine to it once, or set npm_config_registry to a registry that it reaches",
        ) from error
    return archive


def _unpack(archive: Path, lock: Lock, folder: Path) -> None:
    """Write the files that are needed, by their bare names, and nothing else that the archive may hold."""
    folder.mkdir()
    with tarfile.open(archive) as opened:
        for path in lock.files:
            member = opened.extractfile(f"package/{path}")
            if member is None:
                raise Unavailable(f"{lock.archive} holds no file {path}", "lock a version that has it")
            with member, (folder / Path(path).name).open("wb") as file:
                shutil.copyfileobj(member, file)
