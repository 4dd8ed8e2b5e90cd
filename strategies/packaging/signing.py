"""Signatures of model packages: who may say that a package is one of ours.

The hashes in a manifest show that files were not changed since; whoever writes another manifest writes other hashes. A
signature is the HMAC-SHA256 (RFC 2104) of the manifest under a key that only those who publish and those who serve
have. It covers every file, as the manifest has the hash of each.
"""

import hashlib
import hmac
from pathlib import Path

from data.errors import InvalidValue
from strategies.packaging.package import MANIFEST, ModelPackage

SIGNATURE = "manifest.hmac"
_SHORTEST_KEY = 16


def sign(package: ModelPackage, key: str) -> Path:
    """Write the package's signature beside its manifest; a manifest that changes needs a new one."""
    path = package.folder / SIGNATURE
    path.write_text(_mac(package.folder, key) + "\n", encoding="ascii")
    return path


def check_signature(folder: Path, key: str) -> None:
    """`InvalidValue` unless the package in `folder` was signed with this key. Loads and reads nothing else of it."""
    path = folder / SIGNATURE
    if not path.is_file():
        raise InvalidValue("model package", folder.name, "is not signed", "serve only what your pipeline has signed")
    found = path.read_bytes()[:200].strip()
    if not (folder / MANIFEST).is_file() or not hmac.compare_digest(found, _mac(folder, key).encode()):
        rule = "has a signature that is not of this manifest and key"
        raise InvalidValue("model package", folder.name, rule, "fetch it again from where it was published")


def _mac(folder: Path, key: str) -> str:
    if len(key) < _SHORTEST_KEY:
        shown = f"{len(key)} characters"
        raise InvalidValue("signing key", shown, f"must have {_SHORTEST_KEY} or more", "make one at random")
    return hmac.new(key.encode(), (folder / MANIFEST).read_bytes(), hashlib.sha256).hexdigest()
