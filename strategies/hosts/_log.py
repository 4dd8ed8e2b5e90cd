"""What a service prints, kept within bounds."""

import os
import tempfile

LIMIT_BYTES = 1 << 20
KEPT_BYTES = 64 << 10


class Log:
    """A temporary file that processes append to; `trim` cuts it down, and no reader can stall its writers.

    A pipe would need a reader at all times: while the reading process is busy the writer would stand still, and with
    it the figures. The file has no name, so nothing is left behind, whoever dies first.
    """

    def __init__(self) -> None:
        import fcntl  # here, as Windows has none and must still be able to say what it lacks

        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        # After a cut a process must write on at the new end, not where it was before; mode "a" would not see to it.
        fcntl.fcntl(self.fd, fcntl.F_SETFL, fcntl.fcntl(self.fd, fcntl.F_GETFL) | os.O_APPEND)
        self._cut = b""

    @property
    def fd(self) -> int:
        return self._file.fileno()

    def trim(self) -> None:
        """Cut the file down when it has grown too long."""
        if os.fstat(self.fd).st_size > LIMIT_BYTES:
            self._cut = self._tail()
            os.ftruncate(self.fd, 0)

    def text(self) -> str:
        """The last lines, at most 64 KiB."""
        return (self._cut + self._tail())[-KEPT_BYTES:].decode(errors="replace")

    def last_lines(self, count: int = 15) -> str:
        return "\n".join(self.text().rstrip().splitlines()[-count:])

    def close(self) -> None:
        self._file.close()

    def _tail(self) -> bytes:
        size = os.fstat(self.fd).st_size
        return os.pread(self.fd, KEPT_BYTES, max(0, size - KEPT_BYTES))
