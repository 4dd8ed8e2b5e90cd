"""A prediction embedded in the application against a bare call of ONNX Runtime, one row at a time."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from strategies.contract import Answer, Limits, Request
from strategies.embedded import Embedded
from strategies.hosts.process import ProcessHost
from strategies.packaging.runtime import open_session
from tests.bench._forest import make_forest
from tests.bench._harness import Effort, Row, compare, take_turns

_CALLS = 5_000


def run(effort: Effort) -> Iterator[Row]:
    """Microseconds a row, over rows that differ."""
    with tempfile.TemporaryDirectory() as folder:
        forest = make_forest(Path(folder))
        rows = [forest.rows[i : i + 1] for i in range(len(forest.rows))]
        session = open_session(forest.package.served_file)
        requests = [[Request(number, number % len(rows))] for number in range(_CALLS)]
        with Embedded().deploy(forest.package, ProcessHost(), Limits()) as deployment:
            deployment.prepare(forest.rows)

            def ours(number: int) -> None:
                deployment.issue(requests[number], _ignore)

            def theirs(number: int) -> None:
                session.run(["probabilities"], {"features": rows[number % len(rows)]})

            found = take_turns({"ours": _microseconds(ours), "theirs": _microseconds(theirs)}, effort.rounds)
    title = "embedded: one row, against a bare ONNX Runtime call"
    yield compare(title, found["ours"], found["theirs"], target=0.5, unit="µs", better="less")


def _ignore(_: Answer) -> None:
    return


def _microseconds(call: Callable[[int], None]) -> Callable[[], float]:
    def measure() -> float:
        begun_s = time.perf_counter()
        for number in range(_CALLS):
            call(number)
        return (time.perf_counter() - begun_s) / _CALLS * 1e6

    return measure
