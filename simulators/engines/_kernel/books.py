"""The books, as the contract's fields name them."""

# mypy: no-warn-return-any

import math

from simulators.engines._kernel.jit import compiled, inlined
from simulators.engines._kernel.memory import (
    W,
    batch_count_at,
    batch_sum_at,
    bucket_of,
    replica_at,
    request_bin,
    row_at,
    sketch_bin,
    slot_at,
    station_at,
    station_bin,
    token_at,
    total_of,
    unit_at,
    unit_bin,
)
from simulators.engines._timeline import bin_of

WAITING, SERVED, BUSY, ARRIVED, COMPLETED, REFUSED, LOST = range(7)  # fields of a station
READY_S, STARTING_S, CPU_S, STARTED, COLD, CRASHED = range(6)  # fields of a unit
WAIT, SOJOURN, WORK_S, VISITS = range(4)  # totals of a station


@inlined
def at_time(w: W, at_s: float) -> None:
    """The clock moves on to a moment."""
    w.now = at_s
    if at_s >= w.bin_end_s:
        w.bin = bin_of(at_s, w.width_s, w.bins)
        w.bin_begin_s = w.bin * w.width_s
        w.bin_end_s = (w.bin + 1) * w.width_s if w.bin < w.bins else math.inf


@inlined
def bin_at(w: W, at_s: float) -> int:
    """The bin of a moment, which mostly is that of now."""
    if w.bin_begin_s <= at_s < w.bin_end_s:
        return w.bin
    return bin_of(at_s, w.width_s, w.bins)


@compiled
def spread(w: W, station: int, field: int, level: float, from_s: float, until_s: float) -> None:
    """Add level · dt over [from_s, until_s) to a station's bins."""
    index = bin_at(w, from_s)
    last = bin_at(w, until_s)
    while index < last:
        edge = (index + 1) * w.width_s
        station_bin(w, station, index)[field] += level * (edge - from_s)
        from_s = edge
        index += 1
    station_bin(w, station, index)[field] += level * (until_s - from_s)


@compiled
def spread_unit(w: W, unit: int, field: int, level: float, from_s: float, until_s: float) -> None:
    """Add level · dt over [from_s, until_s) to a unit's bins."""
    index = bin_at(w, from_s)
    last = bin_at(w, until_s)
    while index < last:
        edge = (index + 1) * w.width_s
        unit_bin(w, unit, index)[field] += level * (edge - from_s)
        from_s = edge
        index += 1
    unit_bin(w, unit, index)[field] += level * (until_s - from_s)


@inlined
def served_since(w: W, station: int, from_s: float) -> None:
    """A service that began then is over now."""
    if from_s >= w.bin_begin_s:
        station_bin(w, station, w.bin)[SERVED] += w.now - from_s
    else:
        spread(w, station, SERVED, 1.0, from_s, w.now)


@inlined
def tally(w: W, station: int, field: int, at_s: float) -> None:
    """Count one at a station."""
    station_bin(w, station, bin_at(w, at_s))[field] += 1.0


@inlined
def tally_unit(w: W, unit: int, field: int, at_s: float) -> None:
    unit_bin(w, unit, bin_at(w, at_s))[field] += 1.0


@compiled
def levels(w: W, station: int, waiting: int, served: int, busy: int) -> None:
    """The station's levels go up or down now."""
    s = station_at(w, station)
    now = w.now
    if s.since_s >= w.bin_begin_s:
        passed = now - s.since_s
        bins = station_bin(w, station, w.bin)
        bins[WAITING] += s.waiting * passed
        bins[SERVED] += s.served * passed
        bins[BUSY] += s.busy * passed
    else:
        spread(w, station, WAITING, float(s.waiting), s.since_s, now)
        spread(w, station, SERVED, float(s.served), s.since_s, now)
        spread(w, station, BUSY, float(s.busy), s.since_s, now)
    s.since_s = now
    s.waiting += waiting
    s.served += served
    s.busy += busy


@compiled
def unit_levels(w: W, unit: int, ready: int, starting: int, cpu: float) -> None:
    """The unit's levels go up or down now."""
    u = unit_at(w, unit)
    now = w.now
    if u.since_s >= w.bin_begin_s:
        passed = now - u.since_s
        bins = unit_bin(w, unit, w.bin)
        bins[READY_S] += u.ready * passed
        bins[STARTING_S] += u.starting * passed
        bins[CPU_S] += u.cpu * passed
    else:
        spread_unit(w, unit, READY_S, float(u.ready), u.since_s, now)
        spread_unit(w, unit, STARTING_S, float(u.starting), u.since_s, now)
        spread_unit(w, unit, CPU_S, u.cpu, u.since_s, now)
    u.since_s = now
    u.ready += ready
    u.starting += starting
    u.cpu += cpu


@inlined
def occupy(w: W, replica: int, jobs: int, workers: int) -> None:
    """So many jobs and busy workers more in a replica, where a balancer or autoscaler wants to know."""
    r = replica_at(w, replica)
    if unit_at(w, r.unit).counted == 0:
        return
    passed = w.now - r.since_s
    r.flight_area += r.in_flight * passed
    r.busy_area += r.busy * passed
    r.since_s = w.now
    r.in_flight += jobs
    r.busy += workers


@inlined
def leave(w: W, token: int, station: int) -> None:
    """A job leaves the station: what it waited and stayed."""
    t = token_at(w, token)
    now = w.now
    t.end_s = now
    began = now if math.isnan(t.start_s) else t.start_s
    totals = total_of(w, station)
    totals[WAIT] += began - t.arrive_s
    totals[SOJOURN] += now - t.arrive_s
    totals[VISITS] += 1.0


@inlined
def taken_up(w: W, slot: int, at_s: float, where: int, replica: int) -> None:
    """A worker begins on it; the first counts, among several at once the first in the tree."""
    s = slot_at(w, slot)
    if at_s < s.start_s or (at_s == s.start_s and where < s.start_where):
        if s.done and at_s >= s.end_s:
            return
        s.start_s = at_s
        s.start_where = where
        s.replica = replica
        if s.done:
            write_row(w, slot)


@inlined
def write_row(w: W, slot: int) -> None:
    if w.keep == 0:
        return
    s = slot_at(w, slot)
    row = row_at(w, s.number)
    before = s.start_s < s.end_s
    row.scheduled_s = s.scheduled_s
    row.start_s = s.start_s if before else math.nan
    row.end_s = s.end_s
    oldest_s = max(s.older_s, s.age_s) if s.aged_s < s.end_s else s.older_s
    row.staleness_s = math.nan if oldest_s < 0.0 else oldest_s
    row.replica = s.replica if before else -1
    row.attempts = s.attempts
    row.version = s.version
    row.status = s.status
    row.cold = s.cold_s < s.end_s


@inlined
def count_end(w: W, slot: int) -> None:
    """A request is over: its row, its counts, its latency."""
    s = slot_at(w, slot)
    write_row(w, slot)
    counts = request_bin(w, s.bin)
    counts[0] += 1.0
    counts[1 + s.status] += 1.0
    if s.cold_s < s.end_s:
        counts[5] += 1.0
    if s.status == 0:
        latency_s = s.end_s - s.scheduled_s
        counts[6] += latency_s
        counts[7] += latency_s * latency_s
        sketch_bin(w, s.bin)[bucket_of(latency_s)] += 1
        batch_sum_at(w, s.batch)[0] += latency_s
        batch_count_at(w, s.batch)[0] += 1


@compiled
def count_late_cold(w: W, slot: int) -> None:
    """A request whose end is already in the books turns out to have waited for a cold start before it."""
    s = slot_at(w, slot)
    write_row(w, slot)
    request_bin(w, s.bin)[5] += 1.0
