"""The queue of jobs of this process: who runs, who waits, how far each is."""

import atexit
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from data.errors import InvalidValue
from data.home import home
from strategies.jobs.child import Child, sweep
from strategies.jobs.job import LANES, JobError, JobFunction, JobState, Lane, outcome_of
from strategies.jobs.order import name_of, plain
from strategies.jobs.runs import end_runs

GRACE_S = 0.7
"""How long a cancelled job may take to clean up by itself before its processes are killed."""
_KEPT = 200
"""Ended jobs that are remembered."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    state: JobState
    function: str
    payload: dict[str, Any]
    on_end: Callable[[JobState], None] | None
    child: Child | None = None
    released: bool = False
    """Whether nobody will ask for it any more."""


class JobQueue:
    """First come, first served, in each lane. Safe to use from any thread; callers poll, or wait for changes."""

    def __init__(self, lanes: Mapping[str, Lane] = LANES, on_end: Callable[[JobState], None] = end_runs) -> None:
        """`on_end` follows the end of every job, before anybody else sees it."""
        self._lanes, self._on_end = dict(lanes), on_end
        self._jobs: dict[str, _Job] = {}  # in order of submission
        self._changed = threading.Condition()
        self._closed = False

    # -- for those who have work -------------------------------------------------------------------------------------

    def submit(
        self,
        function: JobFunction | str,
        payload: Mapping[str, Any],
        *,
        session: str = "",
        lane: str = "measure",
        title: str = "",
        on_end: Callable[[JobState], None] | None = None,
    ) -> JobState:
        """Queue a job.

        Parameters
        ----------
        function
            A function of a module (see `JobFunction`), or its name as in ``package.module:function``.
        payload
            Its argument; of JSON's types.
        session
            Whose job it is: `release` of the session ends it.
        lane
            Which jobs it queues with: measure, train, simulate or deploy.
        title
            What people call it.
        on_end
            Called with the final state in a thread of the queue's, before anybody else sees it, once no process of
            the job is left.
        """
        if lane not in self._lanes:
            raise InvalidValue("lane", lane, "does not exist", f"choose one of {', '.join(self._lanes)}")
        name = function if isinstance(function, str) else name_of(function)
        state = JobState(secrets.token_hex(8), title or name.partition(":")[2], session, lane)
        job = _Job(state, name, plain(payload), on_end)
        with self._changed:
            if self._closed:
                raise InvalidValue("job", state.title, "comes after the queue was closed", "start Drydock again")
            self._jobs[state.id] = job
            self._advance(lane)
        return self.state(state.id)

    def cancel(self, job_id: str) -> None:
        """Stop a job: a queued one at once, a running one with all its processes within two seconds."""
        with self._changed:
            job = self._job(job_id)
        self._cancel(job)

    def release(self, session: str) -> None:
        """The session is over (its tab was closed): its jobs end, and are forgotten."""
        with self._changed:
            jobs = [job for job in self._jobs.values() if job.state.session == session]
            for job in jobs:
                job.released = True
            self._forget()
        for job in jobs:
            self._cancel(job)

    def close(self) -> None:
        """End all jobs and wait until nothing is left of them."""
        with self._changed:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            self._cancel(job)
        with self._changed:
            self._changed.wait_for(lambda: all(job.state.ended for job in self._jobs.values()))

    def __enter__(self) -> "JobQueue":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- for those who look ------------------------------------------------------------------------------------------

    def state(self, job_id: str) -> JobState:
        """The job as it is now."""
        with self._changed:
            return self._seen(self._job(job_id))

    def states(self, session: str | None = None) -> tuple[JobState, ...]:
        """All jobs, or those of one session, in order of submission."""
        with self._changed:
            jobs = [job for job in self._jobs.values() if session in (None, job.state.session)]
            return tuple(self._seen(job) for job in jobs)

    def wait(self, job_id: str, timeout_s: float | None = None, after: int | None = None) -> JobState:
        """Block until the job has ended, or has changed since revision `after`, or the time is over."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while True:
                state = self._seen(self._job(job_id))
                left_s = None if deadline_s is None else deadline_s - time.monotonic()
                if (
                    state.ended
                    or (after is not None and state.revision > after)
                    or (left_s is not None and left_s <= 0)
                ):
                    return state
                self._changed.wait(left_s)

    def follow(self, job_id: str) -> Iterator[JobState]:
        """The job's states, one after each change, until it has ended."""
        state = self.state(job_id)
        yield state
        while not state.ended:
            state = self.wait(job_id, after=state.revision)
            yield state

    # -- inside, with the lock held ----------------------------------------------------------------------------------

    def _job(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise InvalidValue("job", job_id, "is not known", "it may have ended long ago; start it again")
        return self._jobs[job_id]

    def _lane(self, lane: str) -> list[_Job]:
        return [job for job in self._jobs.values() if job.state.lane == lane and not job.state.ended]

    def _seen(self, job: _Job) -> JobState:
        if job.state.status != "queued":
            return job.state
        return replace(job.state, place=self._lane(job.state.lane).index(job))

    def _update(self, job: _Job, **changes: Any) -> None:
        job.state = replace(job.state, **changes, revision=job.state.revision + 1)
        self._changed.notify_all()

    def _advance(self, lane: str) -> None:
        """Begin what can begin; the others have moved up."""
        queued = [job for job in self._lane(lane) if job.state.status == "queued"]
        free = 0 if self._closed else self._lanes[lane].width - len(self._lane(lane)) + len(queued)
        for place, job in enumerate(job for job in queued if not job.state.cancelling):
            if place < free:
                self._update(job, status="running", started_at=time.time())
                threading.Thread(target=self._work, args=(job,), name=job.state.title, daemon=True).start()
            else:
                self._update(job)

    def _forget(self) -> None:
        ended = [job for job in self._jobs.values() if job.state.ended]
        for place, job in enumerate(reversed(ended)):
            if job.released or place >= _KEPT:
                del self._jobs[job.state.id]

    # -- inside, without it ------------------------------------------------------------------------------------------

    def _cancel(self, job: _Job) -> None:
        with self._changed:
            if job.state.ended or job.state.cancelling:
                return
            queued = job.state.status == "queued"
            self._update(job, cancelling=True)
        if queued:
            self._end(job, status="cancelled")
        else:
            threading.Thread(target=_stop, args=(job,), name="cancel a job", daemon=True).start()

    def _work(self, job: _Job) -> None:
        lane = self._lanes[job.state.lane]
        lock = str(home() / f"{job.state.lane}.lock") if lane.alone_on_machine else ""
        last: dict[str, Any] = {}
        try:
            job.child = child = Child(job.state.id, job.function, job.payload, lock)
        except OSError as error:
            self._end(job, status="failed", error=JobError(("OSError",), f"No process could be started: {error}"))
            return
        for message in child.messages():
            if "result" in message or "error" in message:
                last = message
                break
            self._hear(job, message)
        code, log = child.clean()
        self._end(job, log=log, **outcome_of(last, code, log, job.state.cancelling))

    def _hear(self, job: _Job, message: Mapping[str, Any]) -> None:
        with self._changed:
            if "waiting" in message:
                self._update(job, status="waiting")
            elif "begun" in message:
                self._update(job, status="running", started_at=time.time())
            else:
                self._update(job, **message)

    def _end(self, job: _Job, **changes: Any) -> None:
        changes |= {"cancelling": False, "ended_at": time.time()}
        for follow in filter(None, (self._on_end, job.on_end)):
            try:
                follow(replace(job.state, **changes))
            except Exception:
                _logger.exception("What should follow the end of “%s” failed", job.state.title)
        with self._changed:
            self._update(job, **changes)
            self._forget()
            self._advance(job.state.lane)


_shared: list[JobQueue] = []
_sharing = threading.Lock()


def shared_queue() -> JobQueue:
    """The queue of this process; ends with it, and with it all jobs."""
    with _sharing:
        if not _shared:
            sweep()
            _shared.append(JobQueue())
            atexit.register(_shared[0].close)
        return _shared[0]


def _stop(job: _Job) -> None:
    """Ask a running job to end, then make it."""
    deadline_s = time.monotonic() + GRACE_S
    asked = False
    while not job.state.ended and (job.child is None or time.monotonic() < deadline_s):
        if job.child is not None and not asked:
            job.child.cancel()
            asked = True
        time.sleep(0.01)
    if job.child is not None and not job.state.ended:
        job.child.kill()
