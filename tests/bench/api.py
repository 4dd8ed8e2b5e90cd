"""Our API against the textbook server, BentoML, LitServe, and itself without a model; one row a request."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson

from strategies.hosts.contract import Service
from strategies.hosts.process import ProcessHost
from tests.bench._contenders import environment
from tests.bench._forest import Forest, make_forest
from tests.bench._harness import Effort, Row, compare, take_turns
from tests.bench._http_load import Load, press

Press = Callable[[int, float], Load]
_MANY = 16


def run(effort: Effort) -> Iterator[Row]:
    """Every server in one process, all of them up at once, asked in turns."""
    environment()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        forest = make_forest(Path(folder))
        servers = {name: _start(service, path, body, stack) for name, service, path, body in _contenders(forest)}
        many = take_turns({name: _rps(press, effort) for name, press in servers.items()}, effort.rounds)
        both = {name: servers[name] for name in ("ours", "textbook")}
        one = take_turns({name: _p50_ms(press, effort) for name, press in both.items()}, effort.rounds)
    ours = many["ours"]
    for name, target in (("textbook", 30.0), ("bentoml", 5.0), ("litserve", 5.0), ("constant", 0.7)):
        title = f"api: throughput at {_MANY} connections, against {_TITLES[name]}"
        yield compare(title, ours, many[name], target=target, unit="requests/s")
    title = f"api: p50 at 1 connection, against {_TITLES['textbook']}"
    yield compare(title, one["ours"], one["textbook"], target=10.0, unit="ms", better="less")


_TITLES = {
    "textbook": "FastAPI, joblib, model.predict",
    "bentoml": "BentoML with the same ONNX file",
    "litserve": "LitServe with the same ONNX file",
    "constant": "our server answering a constant",
}


def _contenders(forest: Forest) -> Iterator[tuple[str, Service, str, bytes]]:
    """Name, service, path and body of each."""
    record = forest.package.manifest.example
    bare, wrapped = orjson.dumps(record), orjson.dumps({"record": record})
    package = {"package": forest.package.folder}
    served = ("--package", "{files:package}", "--idle-timeout-s", "3600")
    model, onnx = {"model": forest.joblib}, {"model": forest.package.served_file}
    yield "ours", Service("ours", "strategies.serving", served, package), "/predict", wrapped
    textbook = ("--model", "{files:model}", "--features", ",".join(record))
    yield "textbook", Service("textbook", "tests.bench._textbook_server", textbook, model), "/predict", bare
    for name, ready in (("bentoml", "/readyz"), ("litserve", "/health")):
        arguments = (name, "--model", "{files:model}")
        yield name, Service(name, "tests.bench._contenders", arguments, onnx, ready_path=ready), "/predict", wrapped
    yield "constant", Service("constant", "tests.bench._constant_server", served, package), "/predict", wrapped


def _start(service: Service, path: str, body: bytes, stack: ExitStack) -> Press:
    running = stack.enter_context(ProcessHost().run(service))
    return lambda connections, seconds: press(running.port, path, body, connections, seconds)


def _rps(press: Press, effort: Effort) -> Callable[[], float]:
    return lambda: press(_MANY, effort.seconds).rps


def _p50_ms(press: Press, effort: Effort) -> Callable[[], float]:
    return lambda: press(1, effort.seconds).p50_s * 1e3
