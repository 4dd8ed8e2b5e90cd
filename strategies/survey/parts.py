"""Counting what has to be managed, on a deployment that runs.

The rubric, each item counted one by one and none weighted:

- units: what is released by itself, the application included: a service, a consumer, a broker, a job;
- processes: the most that were alive at one moment, the application's included;
- ports: those that the deployment listens on;
- stores: what keeps data between processes: a broker's streams and buckets, folders that a job reads and writes;
- brokers: servers through which requests or models travel.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import psutil

from strategies.contract import Deployment
from strategies.hosts.contract import Host, Running, Service

if TYPE_CHECKING:
    from strategies.streams.deployment import StreamingDeployment

APPLICATION = "application"
_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Parts:
    """What was there while requests were answered."""

    units: tuple[str, ...]
    processes: int
    ports: int
    stores: tuple[str, ...]
    brokers: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> "Parts":
        return cls(**{**value, "units": tuple(value["units"]), "stores": tuple(value["stores"])})


class Noticing(Host):
    """Another host, whose services are remembered."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.settings = host.settings  # type: ignore[misc]  # each host has its own
        self.seen: dict[str, Service] = {}
        """Every service that was run, by its module."""

    def missing(self) -> str:
        return self._host.missing()

    @contextmanager
    def run(self, service: Service) -> Iterator[Running]:
        self.seen[service.module] = service
        with self._host.run(service) as running:
            yield running


class Census:
    """Looks at this process's descendants twenty times a second, from the beginning of its context to the end."""

    def __init__(self, deployment: Deployment, host: Noticing) -> None:
        self._deployment, self._host = deployment, host
        self._me = psutil.Process()
        # What was there before and is not the deployment's: the deployment's own services are sessions of their own.
        self._units: dict[str, None] = {APPLICATION: None}
        self._most = 1
        self._ports: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="census", daemon=True)

    def __enter__(self) -> "Census":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def parts(self) -> Parts:
        """What was seen; to be asked while the deployment is still up."""
        # Here and not above: the page reads surveys at its start, and nats-py takes a quarter of a second.
        from strategies.streams.deployment import StreamingDeployment

        deployment = self._deployment
        streams = _streams(deployment) if isinstance(deployment, StreamingDeployment) else []
        stores = [f"{s.name}: {name}" for s in self._host.seen.values() for name in s.writable]
        units = dict.fromkeys([*self._units, *(module for module in self._host.seen)])
        return Parts(tuple(units), self._most, len(self._ports), (*stores, *streams), 1 if streams else 0)

    def _watch(self) -> None:
        while True:
            self._look()
            if self._over.wait(_EVERY_S):
                return

    def _look(self) -> None:
        children = [process for process in self._me.children(recursive=True) if _serves(process)]
        self._most = max(self._most, 1 + len(children))
        for process in children:
            with contextlib.suppress(psutil.Error):
                if unit := _module(process.cmdline()):
                    self._units[unit] = None
                self._ports.update(
                    found.laddr.port for found in process.net_connections("inet") if found.status == psutil.CONN_LISTEN
                )


def _serves(process: psutil.Process) -> bool:
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    # multiprocessing's tracker cleans up after others; it is nobody's to manage.
    return bool(line) and process.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(line)


def _module(line: list[str]) -> str:
    """The module that a service's process runs on its lifeline; empty for what a service starts itself."""
    if "-m" not in line or os.path.basename(line[0]).startswith("nats"):
        return ""
    after = line[line.index("-m") + 1 :]
    return after[1] if after and after[0] == "strategies.hosts.lifeline" and len(after) > 1 else ""


def _streams(deployment: "StreamingDeployment") -> list[str]:
    """The streams and buckets that a deployment has on its broker, asked of the broker itself."""
    prefix = deployment.names.prefix

    async def listed(client: Any) -> list[str]:
        found, offset = list[str](), 0
        js = client.jetstream(timeout=10.0)
        while page := await js.streams_info(offset):
            offset += len(page)
            found += [info.config.name for info in page]
        return found

    from strategies.streams import topology

    names = asyncio.run(topology.connected(deployment.broker.url, listed))
    return sorted(f"broker: {name.replace(f'{prefix}_', '')}" for name in names if prefix in name)
