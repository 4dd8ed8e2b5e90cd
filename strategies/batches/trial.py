"""The trial that chooses a package's predict loop: a few thousand of the job's own rows, each loop in turn."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.home import home
from data.provenance import machine_facts, software_versions
from strategies.batches.loops import SLICES, Loop, Runtime, load_runtime, predict_all, runtimes_of
from strategies.packaging.package import ModelPackage
from strategies.packaging.parity import compare, shortfall
from strategies.packaging.runtime import Predictor

TRIAL_ROWS = 8_192
ROUNDS = 3
CLEARLY = 1.1
"""How many times faster another loop must be to replace the one the package is served with."""
WORTHWHILE_ROWS = 200_000
"""Fewer rows are done before a trial would pay: it loads scikit-learn, which alone takes about a second."""


def remembered(package: ModelPackage) -> Loop | None:
    """What an earlier trial of this package on this machine, with this software, chose."""
    with suppress(OSError, ValueError, TypeError):
        return Loop.from_dict(json.loads(_memo(package).read_bytes()))
    return None


def try_out(package: ModelPackage, x: NDArray[np.float32], threads: int = 1) -> Loop:
    """The fastest loop: remembered, or else found by timing each on `x` (rows, features).

    Loops are compared with one thread each, so that the choice, and with it every bit of the output, is the same for
    any number of workers. `threads` beyond one, for a worker that has several cores to itself, are then taken only
    where they help and change no bit.
    """
    x = x[:TRIAL_ROWS]
    chosen = remembered(package)
    if chosen is None:
        chosen = _tried(package, x)
        _remember(package, chosen)
    if threads > 1 and chosen.runtime == "onnx" and _threads_help(package, x, chosen, threads):
        return replace(chosen, threads=threads, why=f"{chosen.why}; {threads} threads a worker, which is faster still")
    return chosen


def _tried(package: ModelPackage, x: NDArray[np.float32]) -> Loop:
    candidates = dict(_candidates(package, x))
    seconds = dict.fromkeys(candidates, np.inf)
    for _ in range(ROUNDS):  # in turn, so that what else the machine does hits all alike
        for loop, predictor in candidates.items():
            seconds[loop] = min(seconds[loop], _time(predictor, x, loop.slice_rows))
    return _chosen(seconds, runtimes_of(package)[0], len(x))


def _threads_help(package: ModelPackage, x: NDArray[np.float32], loop: Loop, threads: int) -> bool:
    one, many = (load_runtime(package, loop.runtime, count) for count in (1, threads))
    same = np.array_equal(predict_all(one, x, loop.slice_rows), predict_all(many, x, loop.slice_rows), equal_nan=True)
    times = [[_time(predictor, x, loop.slice_rows) for predictor in (one, many)] for _ in range(ROUNDS)]
    alone_s, together_s = np.min(times, axis=0).tolist()
    return same and together_s * CLEARLY < alone_s


def _remember(package: ModelPackage, chosen: Loop) -> None:
    memo = _memo(package)
    with suppress(OSError):  # a read-only place forgets
        memo.parent.mkdir(parents=True, exist_ok=True)
        draft = memo.with_suffix(".partial")
        draft.write_text(json.dumps(chosen.to_dict()))
        draft.replace(memo)


def _candidates(package: ModelPackage, x: NDArray[np.float32]) -> Iterator[tuple[Loop, Predictor]]:
    """Every loop that answers as the served one does, loaded and warm."""
    reference: NDArray[np.float32] | None = None
    for runtime in runtimes_of(package):
        predictor = _loaded(package, runtime)
        if predictor is None:
            continue
        answers = predict_all(predictor, x, SLICES[0])
        reference = answers if reference is None else reference
        if not _differ(reference, answers, package):
            yield from ((Loop(runtime, 1, rows), predictor) for rows in SLICES if rows <= max(len(x), SLICES[0]))


def _loaded(package: ModelPackage, runtime: Runtime) -> Predictor | None:
    """None for a file beside the served one that cannot be loaded, or not safely."""
    try:
        return load_runtime(package, runtime, 1)
    except Exception:  # what skops, zipfile and scikit-learn raise has no common root
        if runtime == runtimes_of(package)[0]:
            raise
        return None


def _differ(reference: NDArray[np.float32], answers: NDArray[np.float32], package: ModelPackage) -> bool:
    task, expected = package.manifest.task, reference.astype(np.float64)
    return bool(shortfall(compare(expected, answers, task), expected, task))


def _time(predictor: Predictor, x: NDArray[np.float32], slice_rows: int) -> float:
    began_s = time.perf_counter()
    predict_all(predictor, x, slice_rows)
    return time.perf_counter() - began_s


def _chosen(seconds: dict[Loop, float], served: Runtime, rows: int) -> Loop:
    usual = min((loop for loop in seconds if loop.runtime == served), key=lambda loop: seconds[loop])
    best = min(seconds, key=lambda loop: seconds[loop])
    if seconds[usual] < CLEARLY * seconds[best]:
        best = usual  # not worth leaving the format that the package was checked and is served in
    rates: dict[str, float] = {}
    for loop, took_s in seconds.items():
        rates[loop.runtime] = max(rates.get(loop.runtime, 0.0), rows / took_s)
    found = ", ".join(f"{runtime} {rate:,.0f} rows/s" for runtime, rate in rates.items())
    alone = "" if len(rates) > 1 else " (the package holds no other form that answers alike)"
    return Loop(best.runtime, best.threads, best.slice_rows, f"tried on {rows:,} rows: {found} a worker{alone}")


def _memo(package: ModelPackage) -> Path:
    facts = {"software": dict(software_versions()), "machine": dict(machine_facts())}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
    return home() / "batches" / "loops" / f"{package.version}-{digest}.json"
