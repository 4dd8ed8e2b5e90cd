"""Which instance takes a request, when one is started, and when one goes: what AWS Lambda does, by its documentation.

An instance takes one request at a time. A request goes to the instance that became idle last, so that the others can
expire; where none is idle it gets a new one of its own and waits for it to start; where the concurrency limit is
reached it is refused at once. Nothing queues.
"""

import asyncio
import logging
import math
import resource
import secrets
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strategies.functions.billing import Bill
from strategies.functions.instance import Broken, Code, Instance
from strategies.functions.runtime_api import Invocation, Result
from strategies.functions.settings import MIB, Settings

ARN = "arn:aws:lambda:local:000000000000:function:{name}"
_KEPT_COLD_STARTS = 10_000
_log = logging.getLogger("drydock")


class Throttled(Exception):
    """As many requests are under way as the limit allows."""


@dataclass(slots=True)
class Answered:
    """What became of a request."""

    result: Result
    request_id: str
    trace_id: str
    cold: bool
    instance: int = -1
    duration_s: float = 0.0
    """From when the instance had the event until its answer was here."""
    init_s: float = 0.0
    """The init phase that this request waited for."""


@dataclass(slots=True)
class Tally:
    """Counts since the function was deployed."""

    cold: int = 0
    throttled: int = 0
    errors: int = 0
    started: int = 0
    past_instance_s: float = 0.0
    peak_bytes: int = 0
    cold_starts: "deque[dict[str, float]]" = field(default_factory=lambda: deque(maxlen=_KEPT_COLD_STARTS))
    """Of each cold start, seconds by phase."""


class Pool:
    """The instances of one function."""

    def __init__(self, name: str, code: Code, settings: Settings, environment: Mapping[str, str]) -> None:
        self.name, self.settings, self.tally = name, settings, Tally()
        self.bill = Bill(settings.memory_mb)
        self._code = code
        self._environment = {**environment, "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST"}
        self._idle: list[Instance] = []  # the one that became idle last stands last
        self._living: set[Instance] = set()
        self._endings: set[asyncio.Task[Any]] = set()
        self._under_way = 0

    @property
    def arguments(self) -> tuple[str, ...]:
        """What instances are given now."""
        return self._code.arguments

    async def open(self) -> None:
        """See that the function starts at all, and start what is provisioned; `Broken` when it does not."""
        await self._provision(self._code)

    async def invoke(self, event: bytes, client_context: str = "", trace: str = "") -> Answered:
        """One event; raises `Throttled` above the limit. A function's failure is a result with an error."""
        if self._under_way >= self.settings.concurrency:
            self.tally.throttled += 1
            raise Throttled
        self._under_way += 1
        try:
            return await self._invoke(self._invocation(event, client_context, trace))
        finally:
            self._under_way -= 1

    async def update(self, arguments: tuple[str, ...]) -> None:
        """Deploy new code: later requests run it. Instances of the old end when their request is answered."""
        code = Code(arguments, self._code.number + 1)
        await self._provision(code)

    async def close(self) -> None:
        self._idle.clear()
        await asyncio.gather(*(self._end(instance) for instance in tuple(self._living)), *self._endings)

    def state(self) -> dict[str, Any]:
        """What the host asks for: instances and totals."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        tally, living = self.tally, tuple(self._living)
        return {
            "pids": [instance.pid for instance in living if instance.alive()],
            "idle": len(self._idle),
            "under_way": self._under_way,
            "requests": self.bill.requests,
            "cold": tally.cold,
            "throttled": tally.throttled,
            "errors": tally.errors,
            "started": tally.started,
            "cpu_s": sum(u.ru_utime + u.ru_stime for u in used) + sum(instance.cpu_s() for instance in living),
            "peak_bytes": tally.peak_bytes,
            "instance_s": tally.past_instance_s + sum(instance.instance_s() for instance in living),
            "billed_ms": self.bill.billed_ms,
            "gb_s": self.bill.gb_s,
            "provisioned_gb_s": self.settings.memory_mb / 1024 * self._provisioned_s(),
        }

    def _invocation(self, event: bytes, client_context: str, trace: str) -> Invocation:
        deadline_ms = math.ceil((time.time() + self.settings.timeout_s) * 1e3)
        made = Invocation(event, deadline_ms, ARN.format(name=self.name), str(uuid.uuid4()))
        made.client_context = client_context
        if trace:
            made.trace_id = trace
        return made

    async def _invoke(self, invocation: Invocation) -> Answered:
        answered = Answered(Result(b""), invocation.id, invocation.trace_id, cold=False)
        instance = self._warm()
        try:
            if instance is None:
                answered.cold = True
                self.tally.cold += 1
                instance = await self._started(self._code)
                answered.init_s = instance.init_s
                invocation.deadline_ms = math.ceil((time.time() + self.settings.timeout_s) * 1e3)
            answered.instance = instance.number
            begun_s = time.perf_counter()
            try:
                answered.result = await instance.invoke(invocation, self.settings.timeout_s)
            finally:
                answered.duration_s = time.perf_counter() - begun_s
                self._report(answered, instance)
        except Broken as error:
            answered.result = error.result()
            _log.warning("RequestId: %s %s", invocation.id, error)
            if instance is not None:
                self._end_soon(instance)
        else:
            self._release(instance)
        self.tally.errors += bool(answered.result.error)
        return answered

    def _warm(self) -> Instance | None:
        """The instance that became idle last and still lives."""
        while self._idle:
            instance = self._idle.pop()
            if instance.expiry is not None:
                instance.expiry.cancel()
            if instance.alive():
                return instance
            self._end_soon(instance)
        return None

    async def _started(self, code: Code, provisioned: bool = False) -> Instance:
        instance = Instance(self.tally.started, code, self.settings.memory_mb * MIB, provisioned)
        self.tally.started += 1
        self._living.add(instance)
        stream = time.strftime("%Y/%m/%d/[$LATEST]") + secrets.token_hex(16)
        try:
            await instance.start(
                {**self._environment, "AWS_LAMBDA_LOG_STREAM_NAME": stream}, self.settings.init_timeout_s
            )
        except BaseException:
            self._end_soon(instance)
            raise
        return instance

    def _release(self, instance: Instance) -> None:
        self.tally.peak_bytes = max(self.tally.peak_bytes, sum(each.peak_bytes for each in self._living))
        if instance.code is not self._code:
            self._end_soon(instance)
            return
        self._idle.append(instance)
        if not instance.provisioned:
            instance.expiry = asyncio.get_running_loop().call_later(self.settings.idle_s, self._expire, instance)

    def _expire(self, instance: Instance) -> None:
        if instance in self._idle:
            self._idle.remove(instance)
            self._end_soon(instance)

    async def _provision(self, code: Code) -> None:
        """Start what is to be ready beforehand, or else one instance that only shows that the code starts."""
        wanted = max(self.settings.provisioned, 1)
        tried = [self._started(code, self.settings.provisioned > 0) for _ in range(wanted)]
        found = await asyncio.gather(*tried, return_exceptions=True)
        started = [each for each in found if isinstance(each, Instance)]
        failed = [each for each in found if isinstance(each, BaseException)]
        if failed or not self.settings.provisioned:
            await asyncio.gather(*(self._end(instance) for instance in started))
        if failed:
            raise failed[0]
        self._code, outdated = code, self._idle
        self._idle = started if self.settings.provisioned else []
        for instance in outdated:
            self._end_soon(instance)

    def _end_soon(self, instance: Instance) -> None:
        task = asyncio.get_running_loop().create_task(self._end(instance))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    async def _end(self, instance: Instance) -> None:
        await instance.stop()
        if instance in self._living:
            self._living.discard(instance)
            self.tally.past_instance_s += instance.instance_s()
            self.bill.provisioned_s += instance.instance_s() if instance.provisioned else 0.0

    def _provisioned_s(self) -> float:
        return self.bill.provisioned_s + sum(each.instance_s() for each in self._living if each.provisioned)

    def _report(self, answered: Answered, instance: Instance) -> None:
        """Bill it, and after a cold one log the line that Lambda logs after each."""
        billed = self.bill.add(answered.duration_s, answered.init_s)
        if answered.cold:
            _log.info(
                "REPORT RequestId: %s Duration: %.2f ms Billed Duration: %d ms Memory Size: %d MB "
                "Max Memory Used: %d MB Init Duration: %.2f ms",
                answered.request_id, answered.duration_s * 1e3, billed, self.settings.memory_mb,
                instance.peak_bytes >> 20, answered.init_s * 1e3,
            )  # fmt: skip
