"""One instance of a function: a fresh process that runs `awslambdaric`, and the Runtime API that it talks to."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psutil

from strategies.functions.asgi import listening
from strategies.functions.runtime_api import InitError, Invocation, Result, RuntimeApi
from strategies.hosts._child import how_it_ended, resident_peak_bytes
from strategies.hosts.lifeline import command
from strategies.hosts.lifeline.place import Place

HANDLER = "strategies.functions.handler.handler"


class Broken(Exception):
    """The instance cannot go on; `kind` is AWS's name for how it failed."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind, self.message = kind, message
        super().__init__(f"{kind}: {message}")

    def result(self) -> Result:
        """The failure as a function's error."""
        return Result(orjson.dumps({"errorType": self.kind, "errorMessage": self.message}), self.kind)


@dataclass(frozen=True, slots=True)
class Code:
    """What an instance runs: the server's arguments, and when it was deployed."""

    arguments: tuple[str, ...]
    number: int = 0
    """Counts deployments, from 0."""


class Instance:
    """Started by `start`, then asked by `invoke`, one event at a time, until `stop`."""

    def __init__(self, number: int, code: Code, memory_bytes: int, provisioned: bool = False) -> None:
        self.number, self.code, self.provisioned = number, code, provisioned
        self.expiry: asyncio.TimerHandle | None = None
        self.answered = 0
        self.peak_bytes = 0
        self.init_s = 0.0
        """How long the init phase took."""
        self.ready_s: float | None = None
        self.ended_s: float | None = None
        self._memory_bytes = memory_bytes
        self._process: asyncio.subprocess.Process | None = None
        self._server: asyncio.Server | None = None
        self._exit: asyncio.Task[int] | None = None
        self._api = RuntimeApi()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def start(self, environment: Mapping[str, str], timeout_s: float) -> None:
        """Start the process and wait until it asks for its first event; `Broken` when it does not."""
        self._server, port = await listening(self._api)
        spawned_s = time.perf_counter()
        self._process = await asyncio.create_subprocess_exec(
            *command("awslambdaric", [HANDLER]), stdin=asyncio.subprocess.PIPE, start_new_session=True,
            env=self._environment(environment, port, spawned_s),
        )  # fmt: skip
        self._exit = asyncio.create_task(self._process.wait())
        waited: set[asyncio.Future[Any]] = {self._api.ready, self._exit}
        await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not self._api.ready.done():
            if self._exit.done():
                raise Broken("Runtime.ExitError", f"The instance {how_it_ended(self._exit.result())} while it started.")
            raise Broken("Sandbox.Timedout", f"The init phase took longer than {timeout_s:g} s.")
        try:
            self.ready_s = self._api.ready.result()
        except InitError as error:
            raise Broken(error.kind, str(error)) from None
        self.init_s = self.ready_s - spawned_s

    async def invoke(self, invocation: Invocation, timeout_s: float) -> Result:
        """What the function makes of an event; `Broken` when the instance is of no more use."""
        assert self._exit is not None
        self._api.hand_over(invocation)
        waited: set[asyncio.Future[Any]] = {invocation.result, self._exit}
        await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        self._look()
        if not invocation.result.done():
            if self._exit.done():
                raise Broken("Runtime.ExitError", f"The instance {how_it_ended(self._exit.result())} at its work.")
            raise Broken("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds")
        if self.peak_bytes > self._memory_bytes:
            used, limit = self.peak_bytes >> 20, self._memory_bytes >> 20
            raise Broken("Runtime.OutOfMemory", f"The instance used {used:,} MB of {limit:,} MB and was ended.")
        self.answered += 1
        return invocation.result.result()

    async def stop(self) -> None:
        """End the process and its port. Safe to call twice."""
        if self.expiry is not None:
            self.expiry.cancel()
        self._api.close()
        if self._process is not None and self._exit is not None:
            self._look()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._exit
            if self.ended_s is None:
                self.ended_s = time.perf_counter()
        if self._server is not None:
            self._server.close()

    def alive(self) -> bool:
        return self._exit is not None and not self._exit.done()

    def instance_s(self) -> float:
        """Seconds since it was ready, until it ended."""
        return 0.0 if self.ready_s is None else (self.ended_s or time.perf_counter()) - self.ready_s

    def cpu_s(self) -> float:
        """Processor time of the running process; 0 once it has ended, as its parent's count then holds it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.alive():
                times = psutil.Process(self.pid).cpu_times()
                return float(times.user + times.system)
        return 0.0

    def _look(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            if self.alive():
                self.peak_bytes = max(self.peak_bytes, resident_peak_bytes(psutil.Process(self.pid)))

    def _environment(self, inherited: Mapping[str, str], port: int, spawned_s: float) -> dict[str, str]:
        memory_mb = str(self._memory_bytes >> 20)
        return {
            **inherited,
            **Place(number=self.number).environment(),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory_mb,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if self.provisioned else "on-demand",
            "_HANDLER": HANDLER,
            "DRYDOCK_ARGUMENTS": json.dumps(_strings(self.code.arguments)),
            "DRYDOCK_SPAWNED_S": repr(spawned_s),
        }


def _strings(arguments: Sequence[str]) -> list[str]:
    return [str(argument) for argument in arguments]
