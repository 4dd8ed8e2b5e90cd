"""One release in a batch, for real: the policy decides slice by slice, and the output appears after the verdict.

Time counts in slices: each is one interval of the policy. A share is of rows, chosen at random and the same each time;
mirrored rows are compared and their new answers thrown away. The old version predicts every row, so that a rollback,
whenever it comes, takes all of the new version's answers back: nothing has been published by then. Latency is no signal
here, as nobody waits for a row.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from data.errors import Cancelled, InvalidValue
from strategies.hosts._log import Log
from strategies.packaging.package import ModelPackage
from strategies.releases.batched.book import Book
from strategies.releases.batched.judging import without_latency
from strategies.releases.batched.report import Disagreement
from strategies.releases.batched.staging import Slice, stage
from strategies.releases.batched.workers import Version
from strategies.releases.choices import describe
from strategies.releases.contract import ReleasePolicy, Verdict
from strategies.releases.evidence import Arms, Evidence
from strategies.releases.evidence.ledger import Ledger, compares
from strategies.releases.faults._dressing import VARIABLE
from strategies.releases.faults.contract import Fault
from strategies.releases.faults.none import NoFault
from strategies.releases.live.fleets import fault_order, renamed, scratch
from strategies.releases.outcome import ReleaseOutcome
from strategies.releases.outcome.entries import entry_of

WORKER = "strategies.releases.faults._compute"


@dataclass(frozen=True, slots=True)
class BatchRelease:
    """What happened in a batch's release."""

    outcome: ReleaseOutcome
    """Of what was published, in rows; an error of the new version never is."""
    log: tuple[dict[str, Any], ...]
    policy: dict[str, Any]
    fault: dict[str, Any]
    report: Disagreement | None
    """On all rows that both versions predicted; None where there were none."""
    taken_back: int
    """Rows whose answer by the new version was replaced before anybody saw it."""
    output: Path


def release_batch(
    source: Path,
    package: ModelPackage,
    policy: ReleasePolicy,
    output: Path,
    *,
    fault: Fault | None = None,
    slices: int = 24,
    seed: int = 1,
    truth: Sequence[str | float] | None = None,
    on_decision: Callable[[dict[str, Any]], None] | None = None,
    on_progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BatchRelease:
    """Predict every row of a file while a new version is released, or shadowed.

    Parameters
    ----------
    source
        A Parquet or CSV file with a column for each feature.
    output
        The Parquet file to make: a line a row that could be read, with the version that answered it. The report of
        disagreement is put beside it, as ``<output>.disagreement.json``.
    slices
        How many decisions the file is divided for.
    truth
        The true answer to each row of the file; each slice's become known with it.

    Raises `InvalidValue` for a policy that stops everything or without a signal that a batch has, and `Cancelled`.
    """
    fault, asked = fault or NoFault(), without_latency(policy)
    with ExitStack() as stack:
        folder, parts = stack.enter_context(scratch()), stack.enter_context(scratch())
        successor = renamed(fault.package(package, stack.enter_context(scratch())), stack.enter_context(scratch()))
        told = {**fault_order(successor, fault), "version": successor.version}
        staged = folder / "staged.parquet"
        cut = stage(source, package.manifest.schema, slices, str(seed), staged)
        log = stack.enter_context(closing(Log()))
        order = {VARIABLE: json.dumps(told)}
        old = stack.enter_context(closing(Version(package, staged, parts, log)))
        new = stack.enter_context(closing(Version(successor, staged, parts, log, module=WORKER, environment=order)))
        book = Book(
            sum(len(piece.rows) for piece in cut),
            package,
            successor,
            None if truth is None else np.array(truth, object),
        )
        run = _Run(asked.fresh(), (old, new), book, cancelled)
        for piece in cut:
            run.slice(piece, on_decision)
            if on_progress is not None:
                on_progress((piece.number + 1) / len(cut))
        taken_back = run.settle()
        report, outcome = book.report(staged), run.outcome()
        _publish(book, report, output)
    return BatchRelease(outcome, tuple(run.log), describe(asked), told, report, taken_back, output)


class _Run:
    def __init__(
        self, policy: ReleasePolicy, versions: tuple[Version, Version], book: Book, cancelled: Callable[[], bool] | None
    ) -> None:
        self._policy, self._book, self._cancelled = policy, book, cancelled
        self._old, self._new = versions
        self._ledger, self._number = Ledger(), 0
        self._split = policy.decide(0.0, Evidence(Arms(), Arms()))
        self.log = [entry_of(0.0, self._split, served=book.served())]

    def slice(self, piece: Slice, on_decision: Callable[[dict[str, Any]], None] | None) -> None:
        """Predict a slice as the split says, and decide."""
        split, book, rows = self._split, self._book, piece.rows - 1
        to_new, copied = piece.below(split.canary), piece.below(split.mirrored)
        self._predict(piece, max(to_new, copied))
        got = ~np.isnan(book.new[rows, 0])
        book.by_new[rows[:to_new]] = got[:to_new]
        book.failed[rows[:to_new]] = ~got[:to_new] & book.readable[rows[:to_new]]
        if split.ended:
            return
        seen = self._seen(piece, to_new, copied)
        now_s = (piece.number + 1) * self._policy.interval_s
        self._split = self._policy.decide(now_s, seen)
        self.log.append(entry_of(now_s, self._split, served=book.served()))
        if on_decision is not None:
            on_decision(self.log[-1])

    def _seen(self, piece: Slice, to_new: int, copied: int) -> Evidence:
        split, rows = self._split, piece.rows - 1
        old, new = np.zeros(len(self._book.old), np.bool_), np.zeros(len(self._book.old), np.bool_)
        together = compares(split)
        if split.mirrored:
            old[rows[:copied]] = new[rows[:copied]] = True
        else:
            new[rows[: piece.below(split.counted) if together else to_new]] = True
            old[rows[piece.below(1 - split.counted) if together else to_new :]] = True
        window = self._book.window(old, new, split.mirrored > 0)
        return self._ledger.add(*((Arms(), window) if together else (window, Arms())), compared=together)

    def _predict(self, piece: Slice, to_new: int) -> None:
        """The old version predicts the whole slice and, at the same time, the new one its first rows."""
        book = self._book
        asked = [(self._old, book.old, len(piece.rows))]
        if to_new:
            asked.append((self._new, book.new, to_new))
        for version, _, stop in asked:
            version.ask(piece.chunk(self._number, 0, stop))
            self._number += 1
        while asked:
            for waited in list(asked):
                version, outputs, _ = waited
                answers, there = version.look()
                if there:
                    asked.remove(waited)
                    book.put(outputs, answers)
                    if answers is None and version is self._old:
                        raise InvalidValue(
                            "rows", piece.number, f"cannot be predicted: {version.reason}", "mend the model"
                        )
            if self._cancelled is not None and self._cancelled():
                raise Cancelled("The release was cancelled; nothing was published.")

    def settle(self) -> int:
        """Publish the new version's answers only where the verdict, or a policy without one, is for it."""
        if self._split.verdict is Verdict.PROMOTE or "judge" not in describe(self._policy):
            return 0
        taken_back = int(self._book.by_new.sum())
        self._book.by_new[:] = False
        return taken_back

    def outcome(self) -> ReleaseOutcome:
        book = self._book
        ended = next((entry for entry in self.log if entry["verdict"] != "hold"), None)
        by_new = int(book.by_new.sum())
        return ReleaseOutcome(
            verdict=ended["verdict"] if ended else "hold", verdict_s=ended["now_s"] if ended else None,
            requests=int(book.readable.sum()), served_new=by_new, failed=0,
            wrong=int((book.differs() & book.by_new).sum()), late=0, dropped=0, users_touched=by_new,
            extra_instance_h=self._new.cpu_s() / 3_600,
        )  # fmt: skip


def _publish(book: Book, report: Disagreement | None, output: Path) -> None:
    """Put the report and, last, the output in their places."""
    output.parent.mkdir(parents=True, exist_ok=True)
    about = output.with_name(f"{output.name}.disagreement.json")
    drafts = [path.with_name(f".{path.name}.partial") for path in (about, output)]
    drafts[0].write_text(json.dumps(report.to_dict() if report else {}, indent=1) + "\n")
    pq.write_table(book.table(), drafts[1])
    for draft, path in zip(drafts, (about, output), strict=True):
        os.replace(draft, path)
