"""One version's worker: a process that predicts slices of the staged input, and may fail or die of them."""

import select
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from strategies.batches.chunking import Chunk
from strategies.batches.columns import output_names
from strategies.batches.engines._hands import WORKER, Hand
from strategies.batches.loops import served_loop
from strategies.batches.parts import Part, read_part
from strategies.batches.spec import ComputeSpec
from strategies.hosts._child import how_it_ended
from strategies.hosts._log import Log
from strategies.packaging.package import ModelPackage
from strategies.releases.batched.staging import ROW

_LOOK_S = 0.1


class Version:
    """A version and its worker, which is started when it is first asked, and again when it has died."""

    def __init__(
        self,
        package: ModelPackage,
        staged: Path,
        parts: Path,
        log: Log,
        *,
        module: str = WORKER,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.package = package
        self.deaths = 0
        self.reason = ""
        """Why the last chunk that failed did."""
        self._log, self._module, self._environment = log, module, environment
        self._parts = parts
        loop = served_loop(package, "a release compares what is served")
        self._spec = ComputeSpec(str(staged), str(package.folder.resolve()), str(parts), ROW, loop).to_dict()
        self._hand: Hand | None = None
        self._asked = 0

    def ask(self, chunk: Chunk) -> None:
        """Begin a chunk; the answer is waited for with `answers`."""
        if self._hand is None:
            self._hand = Hand(self.deaths, self._log, self._module, self._environment)
        self._hand.send({"do": "compute", "spec": self._spec, "chunk": chunk.to_dict()})

    def look(self) -> tuple[pa.Table | None, bool]:
        """The answers to what was asked, once they are there: the table, or None where it failed; and whether."""
        hand = self._hand
        assert hand is not None
        if not select.select([hand.socket], [], [], _LOOK_S)[0]:
            return None, False
        for message in hand.receive():
            return self._taken(hand, message), True
        return None, False

    def close(self) -> None:
        if self._hand is not None:
            self._hand.close()
            self._hand = None

    def cpu_s(self) -> float:
        """What its worker took so far, a dead one excepted."""
        if self._hand is None:
            return 0.0
        self._hand.child.sample()
        return float(self._hand.child.cpu_s())

    def outputs(self, answers: pa.Table) -> NDArray[np.float32]:
        """What it answered. (rows, outputs)"""
        columns = [answers[name].to_numpy() for name in output_names(self.package.manifest)]
        return np.stack(columns, axis=1).astype(np.float32)

    def _taken(self, hand: Hand, message: dict[str, Any] | None) -> pa.Table | None:
        if message is None:
            hand.close()
            self._hand = None
            self.deaths += 1
            self.reason = f"its worker {how_it_ended(hand.child.exit_code or 0)}"
            return None
        if error := message.get("error"):
            self.reason = str(error)
            return None
        return read_part(self._parts, Part(**message["part"]))[0]
