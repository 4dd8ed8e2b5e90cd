"""What users have had of the new version so far, counted answer by answer while a release goes on."""

import time
from collections.abc import Sequence

import numpy as np

from data.trace import Status
from strategies.contract import Answer, Done, Request
from strategies.packaging.package import Manifest
from strategies.releases.live.harm import labels_of
from strategies.releases.router.answers import Reader


class Served:
    """Counts as `harm` does at the end. Written by the generator's thread; others read whole numbers of it."""

    def __init__(
        self, manifest: Manifest, old_labels: Sequence[str | float], reader: Reader, *, new_version: str, slo_s: float
    ) -> None:
        self._manifest, self._old_labels, self._reader = manifest, old_labels, reader
        self._new_version, self._slo_s = new_version, slo_s
        self._asked: dict[int, tuple[int, float]] = {}
        self.new = self.failed = self.wrong = self.late = 0

    def watched(self, requests: Sequence[Request], done: Done) -> Done:
        """`done`, which counts each of these requests' answers after it has taken it."""
        now_s = time.perf_counter()
        self._asked.update((request.id, (request.row, now_s)) for request in requests)

        def counted(answer: Answer) -> None:
            done(answer)
            self._count(answer)

        return counted

    def counts(self) -> dict[str, int]:
        return {"new": self.new, "failed": self.failed, "wrong": self.wrong, "late": self.late}

    def _count(self, answer: Answer) -> None:
        row, asked_s = self._asked.pop(answer.id)
        if answer.status != Status.OK:
            if answer.replica >= 0:  # a refusal that a server wrote: the old version is not at fault
                self.new += 1
                self.failed += 1
            return
        if answer.version != self._new_version or answer.outputs is None:
            return
        self.new += 1
        said = labels_of(np.asarray(answer.outputs)[None, :], self._manifest)[0]
        if not self._reader.same(said, self._old_labels[row]):
            self.wrong += 1
        elif time.perf_counter() - asked_s > self._slo_s:
            self.late += 1
