"""Containers: building what is already there, a new model's image, and what a container costs a served request."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from data.errors import Unavailable
from strategies.containers import engine
from strategies.containers.recipe import Recipe
from strategies.hosts.container import ContainerHost
from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from tests.bench._forest import Forest, make_forest
from tests.bench._harness import Effort, Row, compare, take_turns
from tests.bench._http_load import press

if TYPE_CHECKING:
    from docker import DockerClient

_MANY = 16
_BUDGET_S = 2.0
"""What an image may take whose model has not changed."""


def run(effort: Effort) -> Iterator[Row]:
    """Needs an engine; images are built before the turns begin, except where building is what is timed."""
    if missing := engine.missing():
        raise Unavailable("containers cannot be timed here", missing)
    with tempfile.TemporaryDirectory() as folder, closing(engine.connected()) as client:
        forest = make_forest(Path(folder))
        service = _service(forest)
        engine.image_for(client, service)
        yield from _builds(client, service, effort)
        yield from _served(forest, service, effort)


def _builds(client: "DockerClient", service: Service, effort: Effort) -> Iterator[Row]:
    """Our skip of an image that exists against the engine's own, which looks every layer up; then a new model."""
    recipe = Recipe.of(service, str(client.images.get("python:3.11-slim").id))
    turns = take_turns(
        {
            "ours": _seconds(lambda: engine.image_for(client, service)),
            "theirs": _seconds(lambda: engine.build(client, recipe)),
        },
        effort.rounds,
    )
    title = "containers: image of an unchanged model, against the engine's cached build"
    yield compare(title, turns["ours"], turns["theirs"], target=1.0, unit="s", better="less")
    budget = [_BUDGET_S] * len(turns["ours"])
    title = f"containers: image of an unchanged model, against {_BUDGET_S:g} s"
    yield compare(title, turns["ours"], budget, target=1.0, unit="s", better="less")
    fresh = iter(np.random.default_rng().bytes(32) for _ in iter(int, 1))

    def new_model() -> None:
        changed = replace(recipe, files={**recipe.files, "files/package/note": next(fresh)})
        engine.build(client, changed)
        client.images.remove(changed.tag)

    (took,) = take_turns({"ours": _seconds(new_model)}, effort.rounds).values()
    title = "containers: image of a new model, its last layer, against 10 s"
    yield compare(title, took, [10.0] * len(took), target=1.0, unit="s", better="less")


def _served(forest: Forest, service: Service, effort: Effort) -> Iterator[Row]:
    body = orjson.dumps({"record": forest.package.manifest.example})
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(host.run(service)).port
            for name, host in (("ours", ContainerHost()), ("theirs", ProcessHost()))
        }
        for connections, target in ((_MANY, 0.5), (1, 0.4)):
            turns = take_turns(
                {
                    name: lambda port=port, c=connections: press(port, "/predict", body, c, effort.seconds).rps  # type: ignore[misc]
                    for name, port in ports.items()
                },
                effort.rounds,
            )
            title = f"containers: throughput at {connections} connections, against the same API as a process"
            yield compare(title, turns["ours"], turns["theirs"], target=target, unit="requests/s")


def _service(forest: Forest) -> Service:
    arguments = ("--package", "{files:package}", "--idle-timeout-s", "3600")
    return Service("api", "strategies.serving", arguments, {"package": forest.package.folder})


def _seconds(work: Callable[[], object]) -> Callable[[], float]:
    def timed() -> float:
        begun_s = time.perf_counter()
        work()
        return time.perf_counter() - begun_s

    return timed
