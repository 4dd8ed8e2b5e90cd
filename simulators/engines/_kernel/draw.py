"""Drawing durations by term and key; many have been drawn beforehand (see `blocks`)."""

# mypy: no-warn-return-any

from typing import Any

import numpy as np

from simulators.engines._draws import exponential, gamma, lognormal, pick, uniform
from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import Key, W, drawn_at, sample_at, size_at, term_at
from simulators.engines._kernel.records import DETERMINISTIC, EMPIRICAL, EXPONENTIAL, LOGNORMAL, NONE


@inlined
def draw(w: W, first: int, key: Key) -> float:
    """The duration that the terms from `first` on add up to; NONE is no time at all."""
    return draw_in(w, first, key, row_of(w, key))


@inlined
def row_of(w: W, key: Key) -> Any:
    """Where that is kept which was drawn beforehand under the key; NONE where nothing was."""
    return np.int64(key & w.drawn_mask) if w.drawn_last - key < w.drawn_kept else NONE


@inlined
def draw_in(w: W, first: int, key: Key, row: int) -> float:
    """The same for a key whose row is known."""
    if first == NONE:
        return 0.0
    column = term_at(w, first).column
    if row == NONE or column == NONE:
        return _draw_now(w, first, key)
    return drawn_at(w, column + row)[0]


@compiled
def _draw_now(w: W, first: int, key: Key) -> float:
    run = term_at(w, first).run
    return _draw_run(w, first, run, key) if run > 0 else _draw_sum(w, first, key)


@inlined
def _draw_run(w: W, first: int, count: int, key: Key) -> float:
    """A sum of measured durations, which are what is drawn most."""
    total = 0.0
    for index in range(first, first + count):
        term = term_at(w, index)
        total += sample_at(w, term.first + np.int64(pick(term.stream, key, term.count)))[0]
    return total


@inlined
def _draw_sum(w: W, first: int, key: Key) -> float:
    total = 0.0
    while True:
        term = term_at(w, first)
        if term.kind == EMPIRICAL:
            total += sample_at(w, term.first + np.int64(pick(term.stream, key, term.count)))[0]
        elif term.kind == DETERMINISTIC:
            total += term.p
        elif term.kind == EXPONENTIAL:
            total += exponential(uniform(term.stream, key), term.p)
        elif term.kind == LOGNORMAL:
            total += lognormal(uniform(term.stream, key), term.p, term.q)
        else:
            total += gamma(term.stream, key, term.p, term.q)
        if term.more == 0:
            return total
        first += 1


@compiled
def draw_batch(w: W, first: int, count: int, size: int, key: Key) -> float:
    """Duration of a batch: linear between the sizes listed, in proportion beyond the largest."""
    upper = 0
    while upper < count and size_at(w, first + upper).size < size:
        upper += 1
    if upper == count:
        largest = size_at(w, first + count - 1)
        return draw(w, largest.term, key) * (size / largest.size)
    high = size_at(w, first + upper)
    if high.size == size:
        return draw(w, high.term, key)
    low = size_at(w, first + upper - 1)
    share = (size - low.size) / (high.size - low.size)
    least = draw(w, low.term, key)
    return least + share * (draw(w, high.term, key) - least)
