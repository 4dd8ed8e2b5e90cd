"""What the kernel counts and limits for this container: control groups, version 2 and version 1.

https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The control group that a container sees as its own."""

    root: Path = Path("/sys/fs/cgroup")

    def peak_bytes(self) -> int:
        """Most memory at once, with the files that the kernel cached on the container's behalf; 0 if it keeps none."""
        return self._number("memory.peak", "memory/memory.max_usage_in_bytes")

    def cpu_s(self) -> float:
        """Processor time of all its processes, past and present."""
        if (found := self._keyed(self.root / "cpu.stat").get("usage_usec")) is not None:
            return found / 1e6
        return self._number("", "cpuacct/cpuacct.usage") / 1e9

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed a process here for its memory."""
        files = "memory.events", "memory/memory.oom_control"
        return any(self._keyed(self.root / file).get("oom_kill", 0) > 0 for file in files)

    def limit(self) -> str:
        """The memory limit, for people to read."""
        found = self._number("memory.max", "memory/memory.limit_in_bytes")
        return "the machine's memory" if not 0 < found < _UNLIMITED else f"its limit of {found / 2**20:,.0f} MiB"

    def _number(self, *files: str) -> int:
        for file in files:
            text = _text(self.root / file) if file else ""
            if text.strip().isdigit():
                return int(text)
        return 0

    def _keyed(self, path: Path) -> dict[str, int]:
        pairs = (line.split() for line in _text(path).splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
