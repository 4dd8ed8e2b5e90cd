"""Everything the compiled loop reads and writes, as numpy sees it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.engines._kernel.records import NONE, TABLES

Records = NDArray[Any]


class World(NamedTuple):
    """Fields are arrays of the records of the same name in `records`, unless their dtype says otherwise."""

    main: Records
    # the plan
    nodes: Records
    terms: Records
    samples: NDArray[np.float64]
    branches: Records
    sizes: Records
    wakes: Records
    slows: Records
    factors: NDArray[np.float64]
    """Service factor and error share. (versions, stations, 2)"""
    guards: Records
    outcomes: NDArray[np.uint8]
    """Rings of the breakers: 1 for a bad end."""
    stations: Records
    units: Records
    kills: Records
    # what stands and moves
    replicas: Records
    desks: Records
    lines: Records
    ends: NDArray[np.float64]
    """For services worked out ahead: when each worker is free, a binary heap for each desk."""
    starts: NDArray[np.float64]
    """For lines worked out ahead: when those who wait will start, a ring for each desk."""
    vacant: NDArray[np.int64]
    idle: Records
    """Idle instances, a list for each unit, the newest last."""
    serving: Records
    """Instances whose services end at a known time, a binary heap for each unit."""
    wishes: Records
    changes: Records
    tokens: Records
    frames: Records
    slots: Records
    near: Records
    heap: Records
    pile: Records
    shares: NDArray[np.float64]
    """Cumulative shares of the versions."""
    # the schedule
    arrivals: NDArray[np.float64]
    think_s: NDArray[np.float64]
    watch: NDArray[np.int64]
    # drawn beforehand
    columns: Records
    drawn: NDArray[np.float64]
    """Column by column, a row for each of the latest requests."""
    places: NDArray[np.int64]
    """Room for the steps of drawing, as is the next."""
    chances: NDArray[np.float64]
    # the books
    rows: Records
    requests: NDArray[np.float64]
    sketch: NDArray[np.int32]
    batch_sum_s: NDArray[np.float64]
    batch_count: NDArray[np.int64]
    station_bins: NDArray[np.float64]
    totals: NDArray[np.float64]
    unit_bins: NDArray[np.float64]
    spans: Records


def chained(records: Records, first: int = 0) -> None:
    """Chain the records from `first` on into a free list."""
    records["next"][first:] = np.arange(first + 1, len(records) + 1)
    records["next"][-1] = NONE


def grown(world: World, name: str, free: str) -> World:
    """The world with twice as many records of a kind, and the new ones free."""
    old = getattr(world, name)
    new = np.zeros(2 * len(old), old.dtype)
    new[: len(old)] = old
    chained(new, len(old))
    new["next"][-1] = world.main[free][0]
    world.main[free] = len(old)
    return placed(world._replace(**{name: new}))


def longer(world: World, name: str) -> World:
    """The world with an array of a kind twice as long."""
    old = getattr(world, name)
    new = np.zeros(2 * len(old), old.dtype)
    new[: len(old)] = old
    return placed(world._replace(**{name: new}))


def placed(world: World) -> World:
    """The same world, whose record knows where its tables are."""
    for name in TABLES:
        table = getattr(world, name)
        world.main[f"{name}_at"] = table.ctypes.data
        world.main[f"{name}_n"] = len(table)
    return world


def make_room(world: World) -> World:
    """Twice the room for whatever is nearly full."""
    m = world.main[0]
    steps = 16 * int(m["steps"])
    if len(world.tokens) - int(m["tokens_used"]) <= steps:
        world = grown(world, "tokens", "token_free")
    if len(world.frames) - int(m["frames_used"]) <= steps:
        world = grown(world, "frames", "frame_free")
    if len(world.slots) - int(m["slots_used"]) <= 16:
        world = grown(world, "slots", "slot_free")
    most = int(m["tokens_used"]) + int(m["frames_used"]) + 4 * steps
    if len(world.heap) - int(m["heap_used"]) <= most:
        world = longer(world, "heap")
    if len(world.watch) and len(world.spans) - int(m["spans_used"]) <= most:
        world = longer(world, "spans")
    return world
