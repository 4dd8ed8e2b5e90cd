"""A pickle that does what its author wants, to see who runs it: it makes an empty file beside itself, and no more."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.errors import InvalidValue
from strategies.packaging.upload import Upload, package_upload

_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Attack:
    """What became of it."""

    ran: bool
    """Whether `pickle.load` did what the file's author wanted."""
    refused: str
    """How our own upload refused the same file."""
    ran_at_upload: bool


class _Planted:
    """Pickles as a call that is made when somebody loads it."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self._marker,)


def attack(folder: Path, upload: Upload) -> Attack:
    """Write such a pickle, load it in a process of its own, and then offer the same file as an upload."""
    file, marker = folder / "model.pkl", folder / "the-author-was-here"
    file.write_bytes(pickle.dumps(_Planted(marker)))
    load = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    subprocess.run([sys.executable, "-I", "-c", load, str(file)], check=True, timeout=_LIMIT_S)
    ran = marker.exists()
    marker.unlink(missing_ok=True)
    refused = ""
    try:
        package_upload(file, file.name, upload, folder / "packages")
    except InvalidValue as error:
        refused = str(error)
    return Attack(ran, refused, marker.exists())
