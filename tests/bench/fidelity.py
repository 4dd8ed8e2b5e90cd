"""Predictions against what was then measured: median absolute error by figure, over all cells of a fresh report."""

from collections.abc import Iterable
from dataclasses import replace

from simulators.fidelity.__main__ import make
from simulators.fidelity.report import Total
from simulators.fidelity.running import Extent
from tests.bench._harness import Effort, Row


def run(effort: Effort) -> Iterable[Row]:
    extent = replace(Extent(), seconds=effort.seconds, repeats=max(2, min(effort.rounds, 5)))
    return [_row(total) for total in make([], extent, fresh=True).totals() if total.target is not None]


def _row(total: Total) -> Row:
    assert total.target is not None
    error = total.median_error if total.median_error is not None else float("inf")
    ratio = total.target / error if error else float("inf")
    name = f"prediction error, {total.figure} ({total.noisy} of {total.cells} cells under noise)"
    return Row(name, error, total.target, ratio, 1.0, "median |error|", total.cells, ratio >= 1.0)
