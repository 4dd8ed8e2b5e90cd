"""The serverless host: a platform on this machine that starts an instance when a request comes, and ends it later.

What runs is what runs on AWS Lambda: the real runtime client `awslambdaric` with our handler, one fresh process for
each instance (strategies/functions). The platform around it is ours, and does what AWS documents of its own.
"""

import http.client
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import orjson

from data.errors import InvalidValue
from data.usage import Usage
from strategies.functions.settings import READY, STATE, Settings, memory_mb
from strategies.hosts.contract import Host, Running, Service
from strategies.hosts.process import LOOPBACK, ProcessHost

_HANDLED = "strategies.serving"
_FROM_LIMITS = ("memory_mb", "timeout_s")


class FunctionHost(Host):
    title = "Functions"
    summary = (
        "Serverless: an instance starts when a request finds none idle, answers one request at a time, and ends when "
        "it has been idle for a while. Between requests nothing runs, and nothing is billed."
    )
    settings: ClassVar[Mapping[str, bool | int | float | str]] = {
        f.name: getattr(Settings(), f.name) for f in fields(Settings) if f.name not in _FROM_LIMITS
    }
    scales_to_zero = True

    def missing(self) -> str:
        if missing := ProcessHost().missing():
            return missing
        if find_spec("awslambdaric") is None:
            return "The Lambda runtime client is not installed. Run: pip install awslambdaric."
        return ""

    @contextmanager
    def run(self, service: Service) -> Iterator[Running]:
        secret = secrets.token_urlsafe(32)
        with ProcessHost().run(_front(service, secret)) as running:
            yield FunctionRunning(running, secret)


def _front(service: Service, secret: str) -> Service:
    """The platform's front as a service, which carries the other one's arguments."""
    if service.module != _HANDLED:
        raise InvalidValue("service", service.module, "has no function handler", "choose the host process or container")
    if service.cpus is not None:
        rule = "is not a function's to choose: on AWS it follows from the memory size"
        raise InvalidValue("cpus", service.cpus, rule, "leave it out, or choose the host container")
    given: dict[str, Any] = dict(service.settings)
    if service.replicas > 1:  # so many may work side by side; one is what nobody chose, and would refuse most traffic
        given.setdefault("concurrency", service.replicas)
    # The API itself gives up after its own timeout; the platform's is the same one, as nobody waits any longer.
    timeout_s = _argument(service.arguments, "--timeout-s")
    settings = Settings(memory_mb=memory_mb(service.memory_bytes), timeout_s=timeout_s, **given)
    return replace(
        service,
        module="strategies.functions.frontend",
        arguments=(*settings.arguments(), "--", *service.arguments),
        environment={**service.environment, "DRYDOCK_FRONT_SECRET": secret},
        ready_path=READY,
        replicas=1,  # of the platform; how many instances there are it decides itself
        memory_bytes=None,
        settings={},
    )


def _argument(arguments: tuple[str, ...], name: str) -> float:
    return float(arguments[arguments.index(name) + 1]) if name in arguments else Settings().timeout_s


@dataclass(frozen=True, slots=True)
class FunctionState:
    """What the platform knows of its instances, since the function was deployed."""

    pids: tuple[int, ...]
    """Processes of the instances that live now."""
    idle: int
    under_way: int
    requests: int
    """Requests that reached an instance."""
    cold: int
    throttled: int
    errors: int
    started: int
    """Instances ever started, those that only showed that the code starts included."""
    cpu_s: float
    peak_bytes: int
    instance_s: float
    billed_ms: int
    gb_s: float
    provisioned_gb_s: float
    cold_starts: tuple[Mapping[str, float], ...] = ()
    """Seconds of each cold start by phase: start, import, load, first_prediction; and init, which is all of them."""


class FunctionRunning(Running):
    """The platform's front, and whatever instances there are at the moment."""

    def __init__(self, front: Running, secret: str) -> None:
        self._front, self._secret = front, secret

    @property
    def port(self) -> int:
        return self._front.port

    @property
    def pids(self) -> tuple[int, ...]:
        """The front's process, and those of the instances that live."""
        front = self._front.pids
        return (*front, *self.state().pids) if front else ()

    def state(self) -> FunctionState:
        """Instances and totals, with the phases of all cold starts."""
        return FunctionState(**_lists_to_tuples(self._ask(f"{STATE}?cold_starts")))

    def usage(self) -> Usage:
        """Processor time and memory of the platform and its instances; seconds and GB-seconds of instances alone."""
        front = self._front.usage()
        try:
            state = FunctionState(**_lists_to_tuples(self._ask(STATE)))
        except OSError:  # it died; what it last counted died with it
            return front
        return Usage(
            cpu_s=state.cpu_s,
            peak_bytes=(front.peak_bytes or 0) + state.peak_bytes,
            instance_s=state.instance_s,
            gb_s=state.gb_s,
        )

    def health(self) -> str:
        return self._front.health()

    def log(self) -> str:
        return self._front.log()

    def admit(self, path: Path) -> str:
        return self._front.admit(path)

    def _ask(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"authorization": f"Bearer {self._secret}"})
            found: dict[str, Any] = orjson.loads(connection.getresponse().read())
            return found
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()


def _lists_to_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
