"""Service time of a model alone, by batch size, and of a look-up of what was computed beforehand."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.profile import Component, Samples
from strategies.packaging.package import ModelPackage

SIZES = (1, 8, 32, 128, 512)
SHARE_S = 0.15
"""How long each size is measured."""
_MOST = 2_000


def batch_sizes(
    package: ModelPackage, rows: NDArray[np.float32], sizes: Sequence[int] = SIZES, share_s: float = SHARE_S
) -> Component:
    """The component ``model``: how long the runtime computes a batch of each size, one after the other.

    `rows` are what it predicts, repeated as needed. (rows, features)
    """
    from strategies._footprint import footprint_bytes
    from strategies.packaging.runtime import load_predictor

    predict = load_predictor(package).predict
    table = np.ascontiguousarray(rows, np.float32)
    rng = np.random.default_rng(0)
    found = []
    for size in sizes:
        batches = [table[rng.integers(0, len(table), size)] for _ in range(64)]  # each (size, features)
        found.append((size, timed(predict, batches, share_s)))
    return Component("model", tuple(found), footprint_bytes(package))


def lookup_samples(find: Callable[[Any], object], keys: Sequence[Any], share_s: float = SHARE_S) -> Samples:
    """How long `find` takes for these keys, such as `Published.find` of a batch job's output."""
    return timed(find, keys, share_s)


def timed(call: Callable[[Any], object], arguments: Sequence[Any], share_s: float) -> Samples:
    """Durations of calls with these arguments in turn, for so long and at least once each, after one to warm up."""
    call(arguments[0])
    durations: list[float] = []
    until_s = time.perf_counter() + share_s
    while len(durations) < len(arguments) or (time.perf_counter() < until_s and len(durations) < _MOST):
        argument = arguments[len(durations) % len(arguments)]
        begun_s = time.perf_counter()
        call(argument)
        durations.append(time.perf_counter() - begun_s)
        if len(durations) >= 8 and time.perf_counter() > until_s + 10 * share_s:
            break  # a slow model need not see every argument
    return tuple(durations)
