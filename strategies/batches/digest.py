"""Hashes of files that may not fit into memory."""

import hashlib
import threading
from pathlib import Path

from data.errors import DrydockError

_READ_BYTES = 1 << 20


class InputChanged(DrydockError):
    """The input was written to while the job read it."""


class Digest:
    """A file's SHA-256, computed aside: hashing lets go of the interpreter, and the disk is read once."""

    def __init__(self, path: Path) -> None:
        self._path, self._digest, self._error = path, hashlib.sha256(), ""
        self._thread = threading.Thread(target=self._read, name="input hash", daemon=True)
        self._thread.start()

    def hex(self) -> str:
        """Wait for it; in hex."""
        self._thread.join()
        if self._error:
            raise InputChanged(f"{self._path.name} could not be read to its end ({self._error}).")
        return self._digest.hexdigest()

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                while block := file.read(_READ_BYTES):
                    self._digest.update(block)
        except OSError as error:
            self._error = str(error)
