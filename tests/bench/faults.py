"""Real faults beside simulated ones: how many of twenty strikes fall into the simulated 95% interval.

The strikes that tell how long things stay away are made between those that are predicted, so that a machine that
becomes busier or quieter meanwhile does so for both.
"""

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from data.catalogue import find_dataset
from simulators.risk.real import (
    RESOLUTION_S,
    Calibration,
    Drill,
    Outcome,
    calibrate,
    drills,
    inject,
    interval,
    learnt,
    paced,
    practise,
    predict,
)
from strategies.packaging.package import ModelPackage
from strategies.training.publish import package_trained
from strategies.training.spec import TrainingSpec
from strategies.training.train import train
from tests.bench._harness import Effort, Row

STRIKES = 20
_EVERY = 3
"""One strike of calibration before each so many that are predicted: seven."""
_PROMISED = 0.95
_LEAST = 17
"""Of twenty that each fall into it with 95%, 16 or fewer happen once in sixty."""


def run(effort: Effort) -> Iterator[Row]:
    """Each drill: calibrated, predicted, then struck twenty times in deployments of their own."""
    del effort
    package, rows = heavy()
    for drill in drills():
        known = calibrate(drill, package, rows, strikes=0)
        drill = paced(drill, known)
        real, practised = [], []
        for i in range(STRIKES):
            if drill.comes_back and i % _EVERY == 0:
                practised.append(practise(drill, package, rows, 900 + i))
            real.append(inject(drill, package, rows, 5_000 + i).outcome)
        if drill.comes_back:
            known = learnt(drill, known, practised)
            print(f"  {drill.name}: {_said(known)}", file=sys.stderr, flush=True)
        yield from compared(drill, predict(drill, known), real)


def _said(known: Calibration) -> str:
    """What the strikes taught that were made to learn from them."""
    away = ", ".join(f"{seconds:.3g}" for seconds in sorted(known.away_s))
    return f"away {away} s; efficiency {known.sharing.efficiency:.2f}, spread {known.spread:.2f}"


def compared(drill: Drill, predicted: tuple[Outcome, ...], real: list[Outcome]) -> Iterator[Row]:
    """Failed requests and recovery time, each against its interval."""
    for what, spare in (("failed", 0.0), ("recovery_s", RESOLUTION_S)):
        low, high = interval([getattr(outcome, what) for outcome in predicted])
        values = [getattr(outcome, what) for outcome in real]
        within = sum(low - spare <= value <= high + spare for value in values)
        shown = ", ".join(f"{value:.3g}" for value in sorted(values))
        print(f"  {drill.name} {what}: simulated {low:.3g} to {high:.3g}; real {shown}", file=sys.stderr, flush=True)
        name = f"faults: {drill.title.lower()} killed, {what} within the simulated 95%"
        ratio = within / len(values) / _PROMISED
        yield Row(
            name, within / len(values), _PROMISED, ratio, _LEAST / STRIKES / _PROMISED, "share", len(values),
            within >= _LEAST * len(values) / STRIKES,
        )  # fmt: skip


def heavy() -> tuple[ModelPackage, NDArray[np.float32]]:
    """A model that takes a while for each row, so that a strike finds requests in service."""
    parameters = {"width": 1_024, "layers": 5, "max_epochs": 1}
    spec = TrainingSpec(
        data="digits", algorithm="neural_network", parameters=parameters, learning_curve=False, track=False
    )
    package = package_trained(train(spec))
    return package, package.manifest.schema.encode(find_dataset("digits").load().head(200))
