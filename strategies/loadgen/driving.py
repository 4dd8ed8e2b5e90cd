"""The load generator: one thread, one loop, the only clock.

Open loop: the schedule is fixed beforehand and never waits for an answer. Latency counts from the scheduled moment, so
that a stalled deployment is charged for every request that should have been sent meanwhile (no coordinated omission;
Gil Tene, "How NOT to measure latency", 2013). Closed loop: users ask again only after their answer.

Pacing: a timer alone wakes late, by up to a millisecond or two, so the loop sleeps, inside the deployment's `poll`,
until shortly before the next moment (`Deployment.wake_error_s`) and then looks at the clock without sleeping.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import Cancelled
from data.trace import Status
from data.usage import Usage
from data.workloads.contract import Schedule
from strategies.contract import Answer, Deployment
from strategies.loadgen.arrivals import Arrivals
from strategies.loadgen.cores import on_own_core
from strategies.loadgen.lateness import lateness_problems
from strategies.loadgen.quiet import quiet
from strategies.loadgen.recorder import PENDING, Recorder

CHORE_S = 0.02
"""How often it looks for cancellation and requests that timed out."""
HEALTH_S = 0.1
"""How often it asks whether everything that serves is alive, and reports progress."""
_LEAD_S = 0.01  # between fixing the clock's zero and the first moment
_BURST = 8  # requests sent in a row before looking for answers

OnProgress = Callable[[float], None]
IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Driven:
    """What one run of the load generator found."""

    columns: Mapping[str, NDArray[Any]]
    """Every column of a `data.trace.Trace` except `answer`. Each (n,)"""
    outputs: NDArray[np.float64]
    """What the model answered: class probabilities or values; NaN where nothing came. (n, k)"""
    late_s: NDArray[np.float64]
    """Scheduling error: how late each request was sent through the generator's own fault; NaN if never sent. (n,)"""
    versions: tuple[str, ...]
    reasons: Mapping[str, int]
    """Why requests failed, and how many did for that reason."""
    problems: tuple[str, ...]
    """Why the run is not to be trusted; empty when it is."""
    began_s: float
    """Moment on the `time.perf_counter` clock from which all times count."""
    usage_before: Usage
    """The deployment's totals when they began to count."""
    usage_after: Usage


def drive(
    deployment: Deployment,
    schedule: Schedule,
    rows: NDArray[np.float32],
    *,
    timeout_s: float,
    usage_from_s: float = 0.0,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled | None = None,
    enough: Callable[[], bool] | None = None,
) -> Driven:
    """Send a schedule's requests to a deployment and record what became of each.

    Parameters
    ----------
    deployment
        A running deployment; used from this thread only.
    schedule
        Open or closed; its moments count from the start of the run.
    rows
        What the requests' row numbers refer to. (rows, features)
    timeout_s
        A request without an answer this long after its scheduled moment is over, with status timeout; one that was not
        even sent by then never is.
    usage_from_s
        Moment from which the deployment's usage counts.
    on_progress
        Called with the share of the schedule that is over, about ten times a second.
    cancelled
        Asked fifty times a second; once it says yes, `Cancelled` is raised.
    enough
        Asked as often; once it says yes, the rest of the schedule is left out.
    """
    deployment.prepare(rows)
    arrivals = Arrivals.of(schedule)
    with on_own_core(), quiet():
        run = _Run(deployment, arrivals, schedule.duration_s, timeout_s, usage_from_s, on_progress, cancelled, enough)
        run.loop()
        return run.result()


class _Run:
    def __init__(
        self,
        deployment: Deployment,
        arrivals: Arrivals,
        duration_s: float,
        timeout_s: float,
        usage_from_s: float,
        on_progress: OnProgress | None,
        cancelled: IsCancelled | None,
        enough: Callable[[], bool] | None,
    ) -> None:
        self._deployment, self._arrivals = deployment, arrivals
        self._duration_s, self._timeout_s, self._usage_from_s = duration_s, timeout_s, usage_from_s
        self._on_progress, self._cancelled, self._enough = on_progress, cancelled, enough
        self._before: Usage | None = None
        self._began_s = time.perf_counter() + _LEAD_S
        self._recorder = Recorder(arrivals.expected, self._began_s)
        self._open = 0  # requests sent and not over
        self._oldest = 0  # every request before this one is over
        self._free_s = -math.inf  # until then the deployment itself held this thread
        self._chores_s = self._health_s = -math.inf
        self._flushed = False
        self._died = ""

    def _now(self) -> float:
        return time.perf_counter() - self._began_s

    def loop(self) -> None:
        deployment, arrivals, spin_s = self._deployment, self._arrivals, self._deployment.wake_error_s
        while not self._died:
            now = self._now()
            if now >= self._chores_s:
                self._chores(now)
                continue
            gap_s = arrivals.next_s() - now
            if gap_s <= 0:
                self._send_due()
                deployment.poll(0.0)
            elif gap_s < spin_s:
                deployment.poll(0.0)
            else:
                if gap_s == math.inf and self._over(now):
                    return
                deployment.poll(max(0.0, min(gap_s - spin_s, self._chores_s - now)))

    def _over(self, now: float) -> bool:
        """Nothing is due: say so to the deployment once nothing more can come, and whether all answers are there."""
        # In a closed loop an answer may bring another request until the duration is over.
        if not self._flushed and (self._arrivals.is_fixed or now >= self._duration_s or not self._open):
            self._flushed = True
            self._deployment.flush()
        return not self._open

    def _send_due(self) -> None:
        arrivals, recorder = self._arrivals, self._recorder
        for _ in range(_BURST):
            at_s = arrivals.next_s()
            now = self._now()
            if at_s > now:
                return
            requests = arrivals.take()
            for request in requests:
                recorder.take(request.id, request.row, at_s)
            if now - at_s >= self._timeout_s:
                for request in requests:
                    self._give_up(request.id, Status.TIMEOUT, "was due while its turn never came")
                continue
            late_s = now - max(at_s, self._free_s)
            for request in requests:
                recorder.sent_s[request.id] = now
                recorder.late_s[request.id] = late_s
            self._open += len(requests)
            before = self._open
            self._deployment.issue(requests, self._done)
            if self._open < before:
                # It answered within the call: the next request's wait is queueing for the deployment, not our delay.
                self._free_s = self._now()

    def _done(self, answer: Answer) -> None:
        end_s = self._now()
        recorder, i = self._recorder, answer.id
        if answer.mirrored:
            recorder.copy(answer, end_s)
        elif recorder.status[i] == PENDING:
            self._open -= 1
            if end_s - recorder.scheduled_s[i] > self._timeout_s:
                self._give_up(i, Status.TIMEOUT, answer.reason or "answered too late")
            else:
                recorder.answer(answer, end_s)
                self._arrivals.answered(i, end_s)

    def _give_up(self, request_id: int, status: Status, reason: str) -> None:
        """End a request without its answer: at its deadline, or now where it failed earlier."""
        recorder = self._recorder
        at_s = recorder.scheduled_s[request_id]
        end_s = at_s + self._timeout_s if status == Status.TIMEOUT else max(at_s, self._now())
        recorder.close(request_id, status, end_s, reason)
        self._arrivals.answered(request_id, end_s)

    def _chores(self, now: float) -> None:
        self._chores_s = now + CHORE_S
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("The measurement was cancelled.")
        if self._enough is not None and self._enough():
            self._arrivals.stop()
        if self._before is None and now >= self._usage_from_s:
            self._before = self._deployment.usage()
        self._expire(now)
        if now >= self._health_s:
            self._health_s = now + HEALTH_S
            if self._on_progress is not None:
                self._on_progress(min(max(now / self._duration_s, 0.0), 1.0))
            self._died = self._deployment.health()
            if self._died:
                self._end_all(now)

    def _expire(self, now: float) -> None:
        # Requests are numbered in order of their moments, so deadlines pass in that order too.
        recorder = self._recorder
        while self._oldest < recorder.n:
            i = self._oldest
            if recorder.status[i] == PENDING:
                if now - recorder.scheduled_s[i] < self._timeout_s:
                    return
                self._open -= 1
                self._give_up(i, Status.TIMEOUT, "no answer in time")
            self._oldest = i + 1

    def _end_all(self, now: float) -> None:
        """What serves is dead: take the answers that had arrived, and end everything else, due or not."""
        self._deployment.poll(0.0)
        reason = f"the deployment died: {self._died}"
        for i in range(self._oldest, self._recorder.n):
            if self._recorder.status[i] == PENDING:
                self._give_up(i, Status.ERROR, reason)
        while self._arrivals.is_fixed and (at_s := self._arrivals.next_s()) < math.inf:
            for request in self._arrivals.take():
                self._recorder.take(request.id, request.row, at_s)
                self._give_up(request.id, Status.ERROR, reason)
        self._died = f"The deployment died {now:.1f} s into the run: {self._died}"

    def result(self) -> Driven:
        columns, outputs = self._recorder.columns()
        late_s = columns.pop("late_s")
        after = self._deployment.usage()
        problems = lateness_problems(columns, late_s)
        return Driven(
            columns=columns,
            outputs=outputs,
            late_s=late_s,
            versions=tuple(self._recorder.versions),
            reasons=dict(self._recorder.reasons),
            problems=(self._died, *problems) if self._died else problems,
            began_s=self._began_s,
            usage_before=self._before if self._before is not None else after,
            usage_after=after,
        )
