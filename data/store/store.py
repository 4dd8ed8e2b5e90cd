"""The store: what one session can see of the runs, and do with them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from sqlmodel import Session, col, delete, select, update

from data.errors import InvalidValue
from data.provenance import Origin, machine_facts, software_versions
from data.scenario import Scenario
from data.store import _traces
from data.store._database import database_url, engine_for, reading, writing
from data.store._selecting import OPEN, Condition, RunFilter, owned_by, still_open, visible_to
from data.store._tables import RunRow
from data.store.run import ENDED, Run, RunStatus, new_id, now
from data.trace import Trace

SILENT = "its process ended without a word"


class RunStore:
    """The runs that one session sees: its own, those of the command, and those that others share.

    Safe to use from several threads and processes at once. Whatever is killed at whatever moment, a run is either as it
    was before or as it is afterwards: the trace's file is in place, whole, before the row tells of it.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store = RunStore("ada", f"sqlite:///{folder}/runs.db")
    ...     run = store.start(Scenario.default(), "api", seed=1)
    ...     store.get(run.id).status
    'running'
    """

    def __init__(self, session: str = "", url: str | None = None) -> None:
        """Open it, with its tables brought up to date.

        Parameters
        ----------
        session
            Who is looking: one browser session; empty for the command, whose runs everybody here sees.
        url
            The database; `$DATABASE_URL` or the state folder's file without one.
        """
        self.session = session
        self._engine = engine_for(database_url(url))

    # -- a run's life ------------------------------------------------------------------------------------------------

    def start(
        self,
        scenario: Scenario,
        candidate: str,
        *,
        seed: int,
        group: str = "",
        repetition: int = 0,
        origin: Origin = "measured",
        status: RunStatus = "running",
        job: str = "",
        lease_s: float = 600.0,
    ) -> Run:
        """Enter a run that is about to be made, perhaps by a job whose end is its end too (see `end_job`).

        A run that has neither ended nor been renewed `lease_s` from now counts as failed: its process was killed.
        """
        run_id = new_id()
        row = RunRow(
            id=run_id, created_at=now(), group=group or run_id, origin=origin, scenario=scenario.to_toml(),
            scenario_name=scenario.name, candidate=scenario.candidate(candidate).name, repetition=repetition, seed=seed,
            status=status, problems=[], summary={}, trace_file="", trace_hash="", software=dict(software_versions()),
            machine=dict(machine_facts()), session=self.session, shared=False, title="", note="", ended_at="",
            deleted_at="", job=job, alive_until=_from_now(lease_s),
        )  # fmt: skip
        with writing(self._engine) as session:
            session.add(row)
            return row.run()

    def running(self, run_id: str, lease_s: float = 600.0) -> None:
        """A queued run has begun, or a running one goes on for longer."""
        self._set(run_id, OPEN, status="running", alive_until=_from_now(lease_s))

    def renew(self, group: str, lease_s: float = 600.0) -> None:
        """All runs of the group that have not ended are alive for that much longer."""
        with writing(self._engine) as session:
            mine = still_open(col(RunRow.group) == group)
            session.exec(update(RunRow).where(*mine).values(alive_until=_from_now(lease_s)))

    def finish(self, run_id: str, trace: Trace, summary: Mapping[str, Any] | None = None) -> Run:
        """Keep the run's trace; it is done, or invalid where the trace says so.

        Figures in `summary` that are not finite are kept as None.
        """
        file, digest = _traces.keep(run_id, trace)
        problems = trace.provenance.problems
        self._set(
            run_id,
            (*OPEN, "failed"),  # a machine that slept through the lease can still finish its run
            status="invalid" if problems else "done",
            problems=list(problems),
            summary=_finite(summary or {}),
            trace_file=file,
            trace_hash=digest,
            software=dict(trace.provenance.software),
            machine=dict(trace.provenance.machine),
            ended_at=now(),
        )
        return self.get(run_id)

    def end(self, run_id: str, status: RunStatus, *problems: str) -> Run:
        """The run ended without a trace, for these reasons. One that has ended already stays as it is."""
        if status not in ENDED:
            raise InvalidValue("status", status, "is not an end", f"choose one of {', '.join(sorted(ENDED))}")
        self._end(col(RunRow.id) == run_id, status, problems)
        return self.get(run_id)

    def end_group(self, group: str, status: RunStatus, *problems: str) -> None:
        """Whatever of the group has not ended ends without a trace, for these reasons."""
        self._end(col(RunRow.group) == group, status, problems)

    def end_job(self, job: str, status: RunStatus, *problems: str) -> None:
        """Whatever a job has not ended ends without a trace, for these reasons."""
        self._end(col(RunRow.job) == job, status, problems)

    # -- looking -----------------------------------------------------------------------------------------------------

    def get(self, run_id: str) -> Run:
        """The run of that id, if this session may see it, deleted or not."""
        self._bury()
        with reading(self._engine) as session:
            return self._row(session, run_id).run()

    def find(self, wanted: RunFilter | None = None) -> list[Run]:
        """The runs that this session may see, newest first; those deleted only where they are asked for."""
        wanted = wanted or RunFilter()
        self._bury()
        conditions = (visible_to(self.session), *wanted.conditions())
        query = select(RunRow).where(*conditions).order_by(col(RunRow.id).desc())
        with reading(self._engine) as session:
            return [row.run() for row in session.exec(query.limit(wanted.limit).offset(wanted.offset))]

    def trace(self, run_id: str) -> Trace:
        """The run's trace, exactly as it was kept; a file that changed since is refused."""
        return _traces.load(self.get(run_id))

    # -- keeping order -----------------------------------------------------------------------------------------------

    def annotate(self, run_id: str, *, title: str | None = None, note: str | None = None) -> Run:
        """Give a run a title or a note; None leaves it as it is."""
        given = {name: text for name, text in (("title", title), ("note", note)) if text is not None}
        self._change([run_id], **{name: text.replace("\0", "") for name, text in given.items()})
        return self.get(run_id)

    def share(self, run_ids: Iterable[str], shared: bool = True) -> None:
        """Let other sessions see these runs, or no longer."""
        self._change(run_ids, shared=shared)

    def delete(self, run_ids: Iterable[str]) -> None:
        """Take runs out of sight; `restore` undoes it until they are purged."""
        self._change(run_ids, deleted_at=now())

    def restore(self, run_ids: Iterable[str]) -> None:
        """Bring deleted runs back."""
        self._change(run_ids, deleted_at="")

    def purge(self, older_than_s: float = 0.0) -> int:
        """Remove for good what this session deleted longer ago than that; returns how many runs."""
        gone = (
            owned_by(self.session),
            col(RunRow.deleted_at) != "",
            col(RunRow.deleted_at) <= _from_now(-older_than_s),
        )
        with writing(self._engine) as session:
            ids = list(session.exec(select(RunRow.id).where(*gone).with_for_update()))
            # The files before the rows: whoever is killed in between leaves rows that the next purge finds.
            _traces.remove(ids)
            session.exec(delete(RunRow).where(col(RunRow.id).in_(ids)))
        return len(ids)

    def tidy(self, older_than_s: float = 3_600.0) -> int:
        """Remove trace files that processes left which were killed before they could say so; returns how many.

        Files of runs that this database does not know may be another database's and stay.
        """
        untold = (col(RunRow.trace_file) == "", col(RunRow.status).in_(ENDED))
        with reading(self._engine) as session:
            return _traces.tidy(frozenset(session.exec(select(RunRow.id).where(*untold))), older_than_s)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _row(self, session: Session, run_id: str, *, to_change: bool = False) -> RunRow:
        query = select(RunRow).where(col(RunRow.id) == run_id, visible_to(self.session))
        # Whoever else wants to change it waits; SQLite, where one process writes at a time, needs no lock on a row.
        row = session.exec(query.with_for_update() if to_change else query).one_or_none()
        if row is None:
            raise InvalidValue("run", run_id, "is not among your runs", "list them to see which there are")
        return row

    def _change(self, run_ids: Iterable[str], **values: Any) -> None:
        ids = list(run_ids)
        with writing(self._engine) as session:
            for run_id in ids:
                row = self._row(session, run_id, to_change=True)
                if row.session not in ("", self.session):
                    raise InvalidValue("run", run_id, "belongs to another session", "change only your own runs")
                row.sqlmodel_update(values)

    def _set(self, run_id: str, allowed: Iterable[str], **values: Any) -> None:
        with writing(self._engine) as session:
            row = self._row(session, run_id, to_change=True)
            if row.status not in tuple(allowed):
                raise InvalidValue("run", run_id, f"has ended already ({row.status})", "start a new run")
            row.sqlmodel_update(values)

    def _end(self, which: Condition, status: RunStatus, problems: Iterable[str]) -> None:
        with writing(self._engine) as session:
            values = {"status": status, "problems": list(problems), "ended_at": now()}
            session.exec(update(RunRow).where(*still_open(which, owned_by(self.session))).values(**values))

    def _bury(self) -> None:
        """Runs whose process was killed have failed; whoever looks first says so."""
        dead = still_open(col(RunRow.alive_until) < now())
        with reading(self._engine) as session:
            if session.exec(select(RunRow.id).where(*dead).limit(1)).first() is None:
                return
        with writing(self._engine) as session:
            values = {"status": "failed", "problems": [SILENT], "ended_at": now()}
            session.exec(update(RunRow).where(*dead).values(**values))


def _from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def _finite(value: Any) -> Any:
    # JSON has no NaN, and PostgreSQL holds to it.
    if isinstance(value, Mapping):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
