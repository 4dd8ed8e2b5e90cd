"""Durations drawn beforehand, for a block of requests at a time.

A draw depends on nothing but its stream and its key, and the key of a request's first tries is its number. So whatever
the next requests will need can be drawn before they come: one law for many requests at once, which the processor does
several times as fast as many laws for one request. What was drawn is kept in columns, a row for each of the latest
requests; who is not among them, or tries again, draws for itself and gets the same.
"""

# mypy: no-warn-return-any

from typing import Any

import numpy as np

from simulators.engines._draws import exponential, gamma, lognormal, pick, uniform
from simulators.engines._kernel.jit import compiled
from simulators.engines._kernel.memory import (
    Key,
    W,
    as_key,
    chance_at,
    column_at,
    drawn_at,
    place_at,
    sample_at,
    term_at,
)
from simulators.engines._kernel.records import BLOCK, DETERMINISTIC, EMPIRICAL, EXPONENTIAL, LOGNORMAL, ZERO

Values = Any
"""The place of the first of several values."""


@compiled
def draw_block(w: W) -> None:
    """Draw for the next requests."""
    key = as_key(w.drawn_upto)
    row = np.int64(key & w.drawn_mask)
    for index in range(w.columns_used):
        column = column_at(w, index)
        _draw_column(w, column.first, drawn_at(w, column.at + row), key)
    w.drawn_upto += BLOCK
    w.drawn_last = as_key(w.drawn_upto - 1)
    w.drawn_kept = min(w.drawn_kept + np.uint64(BLOCK), w.drawn_mask + np.uint64(1))


@compiled
def _draw_column(w: W, first: int, values: Values, key: Key) -> None:
    """The sum of the terms from `first` on, for the requests from `key` on."""
    for j in range(BLOCK):
        values[j] = 0.0
    while True:
        term = term_at(w, first)
        if term.kind == EMPIRICAL:
            _add_samples(sample_at(w, term.first), term.count, term.stream, key, place_at(w, ZERO), values)
        elif term.kind == DETERMINISTIC:
            duration_s = term.p
            for j in range(BLOCK):
                values[j] += duration_s
        else:
            _add_law(w, first, key, values)
        if term.more == 0:
            return
        first += 1


@compiled
def _add_samples(samples: Values, count: Key, stream: Key, key: Key, places: Values, values: Values) -> None:
    """In two steps, since the first is all arithmetic and takes eight requests at a time."""
    for j in range(BLOCK):
        places[j] = np.int64(pick(stream, key + np.uint64(j), count))
    for j in range(BLOCK):
        values[j] += samples[places[j]]


@compiled
def _add_law(w: W, index: int, key: Key, values: Values) -> None:
    term = term_at(w, index)
    kind, stream, p, q = term.kind, term.stream, term.p, term.q
    if kind == EXPONENTIAL or kind == LOGNORMAL:  # noqa: SIM109 - two comparisons compile to less than a tuple
        chances = chance_at(w, ZERO)
        for j in range(BLOCK):
            chances[j] = uniform(stream, key + np.uint64(j))
        for j in range(BLOCK):
            values[j] += exponential(chances[j], p) if kind == EXPONENTIAL else lognormal(chances[j], p, q)
    else:
        for j in range(BLOCK):
            values[j] += gamma(stream, key + np.uint64(j), p, q)
