"""Random settings against LINE 3.0.8, an analytic solver: what it says is kept in a table (see `_line_solver`)."""

import csv
from collections.abc import Callable

import numpy as np
import pytest

from data.workloads.contract import OpenSchedule
from simulators import plan as p
from tests.simulators.engines._line_solver import EACH, TABLE
from tests.simulators.engines.long_runs import LongRun, Measured, long_run, poisson_run

Row = dict[str, str]
MILLION = 1e6


def _rows() -> list[Row]:
    with TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _regular(rate_rps: float, n: float) -> OpenSchedule:
    at_s = np.arange(1, int(n) + 1) / rate_rps
    return OpenSchedule(at_s, np.broadcast_to(np.int64(0), len(at_s)), float(at_s[-1]) + 1 / rate_rps)


def _run(row: Row, n: float) -> LongRun:
    servers, places, mean_s, cv = int(row["servers"]), int(row["places"]), float(row["mean_s"]), float(row["cv"])
    law: p.Law = p.Exponential(mean_s) if cv == 1 else p.Gamma(mean_s, cv) if cv else p.Deterministic(mean_s)
    rate_rps = float(row["rate_rps"])
    if row["system"].startswith("fork"):
        units = tuple(p.Unit(name, (p.Station(name, law),)) for name in ("left", "right"))
        plan = p.Plan("fork-join", units, p.Parallel((p.Visit("left"), p.Visit("right"))))
    else:
        plan = p.one_station(law, workers=servers, queue_limit=places - servers if places else None)
    return long_run(plan, _regular(rate_rps, n)) if row["system"].startswith("D") else poisson_run(plan, rate_rps, n)


FIGURES: dict[str, tuple[Callable[[LongRun], Measured], float]] = {
    "wait": (lambda run: run.wait("station"), 3.0),
    "stay": (lambda run: run.latency, 1.0),
    "response": (lambda run: run.latency, 3.0),
    "loss": (lambda run: run.loss, 2.0),
}
"""How each figure is read off a run, and millions of requests that make its interval narrow."""


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row['system']} {float(row['value']):.4g}")
def test_line(row: Row) -> None:
    """Waits to 1% of the mean response, probabilities to 3% of their value."""
    expected, figure = float(row["value"]), row["system"].split()[-1]
    read, millions = FIGURES[figure]
    scale = {"wait": expected + float(row["mean_s"]), "loss": 3 * expected}.get(figure, expected)
    read(_run(row, millions * MILLION)).assert_is(expected, within=0.01, scale=scale)


def test_the_table_is_whole() -> None:
    rows = _rows()
    assert len(rows) == 8 * EACH
    assert {row["system"].split()[-1] for row in rows} == set(FIGURES)
