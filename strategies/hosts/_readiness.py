"""Waiting for a service to be ready, or to fail."""

import http.client
import time
from collections.abc import Sequence

from strategies.hosts._child import Child, how_it_ended
from strategies.hosts._log import Log
from strategies.hosts.contract import Service, StartFailed
from strategies.hosts.lifeline.place import Place

_LOOK_EVERY_S = 0.02


def wait_until_ready(service: Service, children: Sequence[Child], port: int, place: Place, log: Log) -> None:
    """Return when all replicas serve; `StartFailed` when one ends first, or when it takes too long."""
    deadline_s = time.perf_counter() + service.start_timeout_s
    while not _ready(service, port, place):
        dead = [child for child in children if not child.alive()]
        if dead:
            raise StartFailed(service.name, how_it_ended(dead[0].exit_code or 0), log.last_lines())
        if time.perf_counter() > deadline_s:
            raise StartFailed(service.name, f"was not ready after {service.start_timeout_s:g} s", log.last_lines())
        time.sleep(_LOOK_EVERY_S)
    for child in children:
        child.ready_s = time.perf_counter()


def _ready(service: Service, port: int, place: Place) -> bool:
    # One question to a shared port tells of one replica only, so several also announce themselves in their folder.
    if (service.replicas > 1 or not service.listens) and place.announced() < service.replicas:
        return False
    return not service.listens or answers(port, service.ready_path)


def answers(port: int, path: str) -> bool:
    """Whether a server on the loopback interface answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
