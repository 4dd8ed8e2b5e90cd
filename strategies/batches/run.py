"""Running a job: settle the plan, let the engine compute what is missing, put it together, publish."""

import json
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from data.discovery import kind
from data.errors import Cancelled, InvalidValue
from data.provenance import software_versions
from strategies.batches.checkpoint import Checkpoint, Identity, Plan, checkpoint
from strategies.batches.chunking import Chunk
from strategies.batches.columns import ROW_KEY, check_key
from strategies.batches.digest import Digest, InputChanged
from strategies.batches.engines.contract import Crew, Engine, Spent
from strategies.batches.inputs import Input, look_through
from strategies.batches.job import BatchJob, cores
from strategies.batches.loops import Loop, runtimes_of, served_loop
from strategies.batches.manifest import About, BatchManifest, manifest_path, rejects_path
from strategies.batches.parts import Part, sound_parts
from strategies.batches.publishing import Merger
from strategies.batches.spec import ComputeSpec
from strategies.batches.trial import WORTHWHILE_ROWS, remembered
from strategies.hosts._child import resident_peak_bytes
from strategies.packaging.package import ModelPackage, sha256
from strategies.training.watch import CancelCheck, Progress, never, silent

_STAGING_SHARE = 0.2


def run(job: BatchJob, *, progress: Progress = silent, cancelled: CancelCheck = never) -> BatchManifest:
    """Make a job's output, or go on making it where an interrupted run left off.

    The output appears in one step, after its rejects and its manifest. It depends on input, package, key, chunk size
    and loop, to the byte; engine, workers and interruptions leave no trace in it.

    Parameters
    ----------
    progress
        Called with a stage's name and the share of the work that is done.
    cancelled
        Asked several times a second.

    Raises
    ------
    Cancelled
        `cancelled` said yes. What was finished is kept, and the same job goes on from there.
    InvalidValue
        The input lacks a column, or something was asked for that does not exist.
    OutputBusy
        Another job is making this output.
    """
    package = ModelPackage.open(job.package)
    check_key(job.key, package.manifest)
    with checkpoint(job.output) as kept:
        running = _Run(job, package, kept, progress, cancelled)
        manifest = running.whole()
    shutil.rmtree(kept.folder, ignore_errors=True)
    return manifest


class _Run:
    def __init__(
        self, job: BatchJob, package: ModelPackage, kept: Checkpoint, progress: Progress, cancelled: CancelCheck
    ) -> None:
        self._job, self._package, self._kept = job, package, kept
        self._progress, self._cancelled = progress, cancelled
        self._began_s = time.perf_counter()
        self._spent = Spent()

    def whole(self) -> BatchManifest:
        job, kept = self._job, self._kept
        identity = Identity.of(job, self._package.version)
        plan = self._settled(identity)
        digest = Digest(job.input)
        source = look_through(job, kept, self._package.manifest.schema, self._staged)
        found = sound_parts(kept.parts)
        merger = Merger(kept.folder, kept.parts, self._package.version, plan.computed_at_us, kept.staged_rejects)
        try:
            for part in found.values():
                merger.add(part)
            missing = [chunk for chunk in source.chunks if chunk.number not in found]
            workers, engine = self._crew(len(missing))
            if missing:
                self._compute(engine, workers, source, missing, merger)
            if Identity.of(job, self._package.version) != identity:
                kept.clear()
                raise InputChanged(f"{job.input.name} changed while it was read: run the job again once it is whole.")
            about = self._about(source, merger, digest.hex())
            merger.finish(about)
        except BaseException:
            merger.abandon()
            raise
        return self._publish(about, merger, source, found, engine, workers)

    def _settled(self, identity: Identity) -> Plan:
        job = self._job
        moment_us = round(job.moment().timestamp() * 1e6)
        asked_us = None if job.computed_at is None else moment_us
        return self._kept.settle(identity, asked_us, Plan(identity, moment_us, _now()))

    def _staged(self, share: float) -> None:
        self._progress("reading", _STAGING_SHARE * share)
        self._stop_if_asked()

    def _crew(self, missing: int) -> tuple[int, str]:
        """How many workers, on which engine: for a single chunk, starting a process takes longer than the chunk."""
        workers = min(self._job.crew_size(), max(missing, 1))
        alone = self._job.engine == "processes" and workers == 1
        return workers, "inline" if alone else self._job.engine

    def _compute(self, engine: str, workers: int, source: Input, missing: Sequence[Chunk], merger: Merger) -> None:
        job, parts = self._job, str(self._kept.parts.resolve())
        spec = ComputeSpec(str(source.path.resolve()), str(job.package.resolve()), parts, job.key)
        staged = _STAGING_SHARE if source.path == self._kept.staged else 0.0
        done, rows = source.rows - sum(chunk.rows for chunk in missing), source.rows
        made = kind("strategies.batches.engines", Engine, engine)()  # type: ignore[type-abstract]
        with made.start(workers) as crew:
            loop = self._loop(crew, spec, source, workers)
            sizes = {chunk.number: chunk.rows for chunk in missing}
            for part in crew.compute(spec.with_loop(loop), missing):
                if part is not None:
                    merger.add(part)
                    done += sizes[part.chunk]
                self._progress("predicting", staged + (1 - staged) * done / rows)
                self._stop_if_asked()
            self._spent = crew.spent()

    def _loop(self, crew: Crew, spec: ComputeSpec, source: Input, workers: int) -> Loop:
        """The loop that the first run settled on, or else the one to settle on."""
        plan = self._kept.plan
        assert plan is not None
        if plan.loop is not None:
            return plan.loop
        loop = self._chosen(crew, spec, source, workers)
        self._kept.amend(loop=loop)
        return loop

    def _chosen(self, crew: Crew, spec: ComputeSpec, source: Input, workers: int) -> Loop:
        package, asked = self._package, self._job.loop
        if asked != "auto":
            runtime = next((known for known in runtimes_of(package) if known == asked), None)
            if runtime is None:
                rule = "has no file in this package"
                raise InvalidValue("loop", asked, rule, f"choose {' or '.join(runtimes_of(package))}, or auto")
            return Loop(runtime, why="asked for")
        if source.rows < WORTHWHILE_ROWS:
            return served_loop(package, f"not tried: fewer than {WORTHWHILE_ROWS:,} rows are done before a trial pays")
        threads = max(1, cores() // workers) if self._job.engine == "processes" else 1
        found = remembered(package)
        if found is None or threads > 1:
            self._progress("trying loops", 0.0)
            found = crew.try_loops(spec, source.chunks[0], threads)
        return found

    def _stop_if_asked(self) -> None:
        if self._cancelled():
            raise Cancelled("The job was cancelled; what it had finished is kept, and the same job goes on from there.")

    def _about(self, source: Input, merger: Merger, input_sha256: str) -> About:
        plan, about = self._kept.plan, self._package.manifest
        assert plan is not None
        loop = plan.loop
        return About(
            model=about.name,
            version=about.version,
            task=about.task,
            target=about.target,
            outputs=tuple(about.outputs),
            key=self._job.key or ROW_KEY,
            computed_at=datetime.fromtimestamp(plan.computed_at_us / 1e6, UTC).isoformat(),
            input_sha256=input_sha256,
            rows_in=source.rows + source.malformed,
            rows_out=merger.rows,
            rows_rejected=merger.rejected + source.malformed,
            loop=str(loop),
        )

    def _publish(
        self, about: About, merger: Merger, source: Input, found: dict[int, Part], engine: str, workers: int
    ) -> BatchManifest:
        """Set rejects, manifest and, last, the output in their places: who finds the output finds the others."""
        plan, output = self._kept.plan, self._job.output
        assert plan is not None
        own, spent = psutil.Process(), self._spent
        seconds = time.perf_counter() - self._began_s
        looked_at = sum(chunk.rows for chunk in source.chunks if chunk.number not in found)
        manifest = BatchManifest(
            about=about,
            output_sha256=sha256(merger.answers),
            rejects_sha256=sha256(merger.rejects),
            input_bytes=plan.identity.input_bytes,
            chunks=len(source.chunks),
            chunks_found=len(found),
            loop_why=plan.loop.why if plan.loop else "",
            engine=engine,
            workers=workers,
            started_at=plan.started_at,
            published_at=_now(),
            seconds=seconds,
            rows_per_s=looked_at / seconds,
            cpu_s=None if spent.cpu_s is None else spent.cpu_s + sum(own.cpu_times()[:2]),
            peak_bytes=None if spent.peak_bytes is None else spent.peak_bytes + resident_peak_bytes(own),
            software=software_versions(),
        )
        merger.rejects.replace(rejects_path(output))
        _write_manifest(manifest, output)
        merger.answers.replace(output)
        self._progress("published", 1.0)
        return manifest


def _write_manifest(manifest: BatchManifest, output: Path) -> None:
    path = manifest_path(output)
    draft = path.with_name(f".{path.name}.partial")
    draft.write_text(json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
