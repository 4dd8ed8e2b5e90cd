"""A request at work: it goes through the plan's tree of calls, each kind of step as the plan describes it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import simpy

from data.trace import Status
from simulators.engines import _draws as draws
from simulators.engines._moments import Rank
from simulators.engines._simpy.books import Books
from simulators.engines._simpy.calls import Call, Job
from simulators.engines._simpy.clock import Clock, Steps
from simulators.engines._simpy.guards import Budget, CircuitBreaker
from simulators.engines._simpy.sampling import Sampler, sampler
from simulators.engines._simpy.stations import Floor
from simulators.engines._simpy.visits import VisitDraws
from simulators.engines._tree import Node, all_nodes, number_steps
from simulators.plan import Asynchronous, Cached, Choice, Guard, Parallel, Plan, Retry, Sequence, Visit

_ENDS = {"rejected": Status.REJECTED, "timeout": Status.TIMEOUT, "error": Status.ERROR}
TRIES = 128
"""More than any guard may make; a try's key comes from ``step · TRIES + try``."""


class Performer:
    """Performs steps; each method is one kind. What it returns is how the step ended."""

    def __init__(self, plan: Plan, clock: Clock, floors: dict[str, Floor], books: Books, seed: int) -> None:
        self._clock, self._floors, self._books = clock, floors, books
        self.root = number_steps(plan.request)
        nodes = all_nodes(self.root)
        self._visits = {n.number: VisitDraws(n, plan, seed) for n in nodes if isinstance(n.step, Visit)}
        self._streams = {n.number: draws.stream_of(seed, n.source, "choice", n.occurrence) for n in nodes}
        self._lookups: dict[int, Sampler] = {
            n.number: sampler(n.step.lookup, seed, n.source, "lookup", n.occurrence)
            for n in nodes
            if isinstance(n.step, Cached)
        }
        guards = [n for n in nodes if isinstance(n.step, Guard)]
        self._budgets = {n.number: Budget(n.step.retry) for n in guards if n.step.retry}  # type: ignore[union-attr]
        self._breakers = {n.number: CircuitBreaker(n.step.breaker) for n in guards if n.step.breaker}  # type: ignore[union-attr]
        self.strands = 0
        """Processes under way; the run is over when there are none."""
        self.idle: Callable[[], None] = lambda: None

    def begin(self, steps: Steps) -> simpy.Process:
        """Start a strand of its own."""
        self.strands += 1
        return self._clock.process(self._counted(steps))

    def _counted(self, steps: Steps) -> Steps:
        result = yield from steps
        self.strands -= 1
        self.idle()
        return result

    def perform(self, node: Node, call: Call) -> Steps:
        match node.step:
            case Visit():
                return (yield from self._visit(node, call))
            case Sequence():
                return (yield from self._sequence(node, call))
            case Parallel():
                return (yield from self._parallel(node, call))
            case Choice():
                return (yield from self._choice(node, call))
            case Cached():
                return (yield from self._cached(node, call))
            case Asynchronous():
                self.begin(self.perform(node.inner[0], Call(call.request, call.key, None, call.place)))
                return Status.OK
            case Guard():
                return (yield from self._guard(node, call))

    def _visit(self, node: Node, call: Call) -> Steps:
        visit, clock, who = self._visits[node.number], self._clock, call.request.number
        floor = self._floors[visit.step.station]
        sent_s = clock.now
        yield clock.moment(sent_s + visit.hop_out(call.key), Rank.ARRIVE, who, node.number, call.key)
        job = Job(call, visit, clock.event(), holds=bool(node.inner))
        floor.arrive(job)
        yield job.served
        status = job.status
        if job.holds and job.was_served and status is Status.OK:
            place = call.place
            status = yield from self.perform(node.inner[0], call)
            call.place = place
            if job.lost:
                status = Status.ERROR
            else:
                floor.release(job)
        delay_s = visit.delay(call.key) + job.extra_delay_s if job.was_served else 0.0
        back_s = clock.now + (delay_s + visit.hop_back(call.key))
        yield clock.moment(back_s, Rank.RESUME, who, node.number, call.key)
        if call.request.watched:
            self._note(job, floor, sent_s, status)
        return status

    def _note(self, job: Job, floor: Floor, sent_s: float, status: Status) -> None:
        replica = -1 if job.replica is None else job.replica.slot
        times = sent_s, job.arrive_s, job.start_s, job.end_s, self._clock.now
        who = job.call.request.number, job.visit.number, floor.index, replica, job.call.key
        self._books.spans.append((*who, *times, status, job.cold))

    def _sequence(self, node: Node, call: Call) -> Steps:
        for inner in node.inner:
            status = yield from self.perform(inner, call)
            if status is not Status.OK:
                return status
        return Status.OK

    def _parallel(self, node: Node, call: Call) -> Steps:
        assert isinstance(node.step, Parallel)
        group, decided = call.strand(), self._clock.event()
        ends: list[Status] = []
        need, n = node.step.needed, len(node.inner)

        def branch(inner: Node, own: Call) -> Steps:
            status = yield from self.perform(inner, own)
            ends.append(status)
            if not decided.triggered and (
                ends.count(Status.OK) == need or len(ends) - ends.count(Status.OK) > n - need
            ):
                decided.succeed(status)

        for inner in node.inner:
            self.begin(branch(inner, group.strand()))
        status = yield decided
        group.gone = True
        return status

    def _choice(self, node: Node, call: Call) -> Steps:
        assert isinstance(node.step, Choice)
        chance = draws.uniform(self._streams[node.number], call.key)
        upto = 0.0
        for (share, _), inner in zip(node.step.branches, node.inner, strict=True):
            upto += share
            if chance < upto:
                return (yield from self.perform(inner, call))
        return Status.OK

    def _cached(self, node: Node, call: Call) -> Steps:
        assert isinstance(node.step, Cached)
        clock = self._clock
        if node.step.lookup is not None:
            at_s = clock.now + self._lookups[node.number](call.key)
            yield clock.moment(at_s, Rank.RESUME, call.request.number, node.number, call.key)
        if draws.uniform(self._streams[node.number], call.key) < node.step.hit_share:
            return Status.OK
        return (yield from self.perform(node.inner[0], call))

    def _guard(self, node: Node, call: Call) -> Steps:
        assert isinstance(node.step, Guard)
        retry = node.step.retry
        if retry is not None:
            self._budgets[node.number].first_try()
        for number in count():
            key = call.key if number == 0 else draws.further_key(call.key, node.number * TRIES + number)
            status = yield from self._try(node, call.strand(key))
            if status is Status.OK:
                return status
            if retry is None or number == retry.max_retries or status not in [_ENDS[end] for end in retry.on]:
                break
            if not self._budgets[node.number].allows_retry():
                break
            yield self._pause(retry, number, node, call)
            if not call.request.ended:
                call.request.attempts += 1
        return Status.OK if node.step.optional else status

    def _pause(self, retry: Retry, number: int, node: Node, call: Call) -> simpy.Event:
        """Before the retry that follows try `number`, counted from 0."""
        longest_s = min(retry.cap_s, retry.base_s * retry.factor**number)
        chance = draws.uniform(self._streams[node.number], draws.further_key(call.key, number))
        at_s = self._clock.now + longest_s * (1.0 - retry.jitter * chance)
        return self._clock.moment(at_s, Rank.RETRY, call.request.number, node.number, call.key)

    def _try(self, node: Node, call: Call) -> Steps:
        assert isinstance(node.step, Guard)
        clock, who = self._clock, (call.request.number, node.number, call.key)
        breaker = self._breakers.get(node.number)
        if breaker is not None and not breaker.admits(clock.now):
            yield clock.moment(clock.now, Rank.RESUME, *who)
            return Status.REJECTED
        epoch = 0 if breaker is None else breaker.epoch
        work = self.begin(self.perform(node.inner[0], call))
        if node.step.timeout_s is None:
            status = yield work
        else:
            yield work | clock.moment(clock.now + node.step.timeout_s, Rank.TIMEOUT, *who)
            status = work.value if work.triggered else Status.TIMEOUT
            call.gone = not work.triggered
        if breaker is not None:
            breaker.record(epoch, status is Status.OK, clock.now)
        return status
