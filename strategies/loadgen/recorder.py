"""What happened to every request, written while the load runs: into arrays that exist beforehand.

Plain `array` objects take a Python number in some 30 ns, a third of what a numpy element takes, and become numpy
arrays without a copy at the end.
"""

from array import array
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.trace import COLUMNS, Status
from strategies.contract import Answer

PENDING = 255
"""Status of a request that is not over."""

# Column to its type code and the value that means "not known".
_LAYOUT: Mapping[str, tuple[str, float]] = {
    "scheduled_s": ("d", np.nan), "sent_s": ("d", np.nan), "start_s": ("d", np.nan), "end_s": ("d", np.nan),
    "late_s": ("d", np.nan), "status": ("B", PENDING), "cold": ("B", 0), "version": ("h", -1), "replica": ("h", -1),
    "attempts": ("h", 1), "row": ("q", -1),
}  # fmt: skip


_MORE = 65_536  # slots added when a closed loop outgrows its plan


class Recorder:
    """One slot a request, numbered by its id. Times are seconds since `began_s` on the `time.perf_counter` clock."""

    scheduled_s: "array[float]"
    sent_s: "array[float]"
    start_s: "array[float]"
    end_s: "array[float]"
    late_s: "array[float]"
    status: "array[int]"
    cold: "array[int]"
    version: "array[int]"
    replica: "array[int]"
    attempts: "array[int]"
    row: "array[int]"

    def __init__(self, capacity: int, began_s: float) -> None:
        self.began_s = began_s
        self.n = 0
        """Requests taken up so far."""
        self.versions: dict[str, int] = {}
        self.reasons: Counter[str] = Counter()
        self._copies: list[tuple[Answer, float]] = []
        self._capacity = capacity
        self._width = 0
        self._flat = array("d")
        self._outputs: NDArray[np.float64] | None = None
        for name, (code, unknown) in _LAYOUT.items():
            setattr(self, name, _filled(code, unknown, capacity))

    def _grow(self) -> None:
        # Extending in place lets the allocator move pages instead of copying values, so it costs well under 1 ms.
        for name, (code, unknown) in _LAYOUT.items():
            getattr(self, name).extend(_filled(code, unknown, _MORE))
        self._capacity += _MORE
        if self._outputs is not None:
            self._outputs = None  # an array whose memory is in use elsewhere cannot be extended
            self._flat.extend(_filled("d", np.nan, _MORE * self._width))
            self._view_outputs()

    def _view_outputs(self) -> None:
        self._outputs = np.frombuffer(self._flat, np.float64).reshape(self._capacity, self._width)

    def take(self, request_id: int, row: int, scheduled_s: float) -> None:
        """Make room for a request that is about to be sent."""
        if request_id >= self._capacity:
            self._grow()
        self.scheduled_s[request_id] = scheduled_s
        self.row[request_id] = row
        self.n = request_id + 1

    def close(self, request_id: int, status: Status, end_s: float, reason: str = "") -> None:
        """End a request that got no answer."""
        self.status[request_id] = status
        self.end_s[request_id] = end_s
        if reason:
            self.reasons[reason] += 1

    def answer(self, answer: Answer, end_s: float) -> None:
        """End a request with what the deployment answered."""
        i = answer.id
        self.status[i] = answer.status
        self.end_s[i] = end_s
        self.start_s[i] = answer.start_s - self.began_s
        self.replica[i] = answer.replica
        self.attempts[i] = answer.attempts
        if answer.cold:
            self.cold[i] = 1
        if answer.version:
            self.version[i] = self._version(answer.version)
        if answer.outputs is not None:
            self._keep(i, answer.outputs)
        if answer.reason:
            self.reasons[answer.reason] += 1

    def copy(self, answer: Answer, end_s: float) -> None:
        """Keep a shadow copy's answer; it becomes an entry of its own at the end."""
        self._copies.append((answer, end_s))

    def _version(self, name: str) -> int:
        return self.versions.setdefault(name, len(self.versions))

    def _keep(self, i: int, outputs: NDArray[np.float64]) -> None:
        if self._outputs is None:
            self._width = outputs.size
            self._flat = _filled("d", np.nan, self._capacity * self._width)
            self._view_outputs()
        assert self._outputs is not None
        self._outputs[i] = outputs

    def columns(self) -> tuple[dict[str, NDArray[Any]], NDArray[np.float64]]:
        """All columns of a trace but `answer`, plus `late_s`; and the model's outputs, (n, k), NaN where none came."""
        own: dict[str, NDArray[Any]] = {
            name: np.frombuffer(getattr(self, name), code)[: self.n] if self._capacity else np.empty(0, code)
            for name, (code, _) in _LAYOUT.items()
        }
        own["mirrored"] = np.zeros(self.n, np.bool_)
        copies = self._copy_columns(own)
        outputs = self._outputs[: self.n] if self._outputs is not None else np.full((self.n, 1), np.nan)
        full = {
            name: np.concatenate([own[name], copies[name]]).astype(COLUMNS.get(name, np.float64), copy=False)
            for name in own
        }
        return full, np.concatenate([outputs, self._copy_outputs(outputs.shape[1])])

    def _copy_columns(self, own: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        ids = np.array([a.id for a, _ in self._copies], np.int64)
        made = {name: own[name][ids] for name in ("scheduled_s", "sent_s", "late_s", "row")}
        return made | {
            "start_s": np.array([a.start_s - self.began_s for a, _ in self._copies]),
            "end_s": np.array([end_s for _, end_s in self._copies]),
            "status": np.array([a.status for a, _ in self._copies], np.uint8),
            "cold": np.array([a.cold for a, _ in self._copies], np.uint8),
            "version": np.array([self._version(a.version) if a.version else -1 for a, _ in self._copies], np.int16),
            "replica": np.array([a.replica for a, _ in self._copies], np.int16),
            "attempts": np.array([a.attempts for a, _ in self._copies], np.int16),
            "mirrored": np.ones(len(self._copies), np.bool_),
        }

    def _copy_outputs(self, width: int) -> NDArray[np.float64]:
        kept = np.full((len(self._copies), width), np.nan)
        for i, (answer, _) in enumerate(self._copies):
            if answer.outputs is not None:
                kept[i] = answer.outputs
        return kept


def _filled(code: str, value: float, n: int) -> "array[Any]":
    return array(code, [value if code == "d" else int(value)]) * n
