"""The books, as the contract's fields name them."""

import math

from simulators.engines._kernel.jit import compiled
from simulators.engines._kernel.memory import (
    W,
    batch_count,
    batch_sum_s,
    replicas,
    requests,
    rows,
    sketch,
    slots,
    station_bins,
    stations,
    tokens,
    totals,
    unit_bins,
    units,
)
from simulators.engines._sketch import bucket
from simulators.engines._timeline import bin_of

WAITING, SERVED, BUSY, ARRIVED, COMPLETED, REFUSED, LOST = range(7)  # fields of a station
READY_S, STARTING_S, CPU_S, STARTED, COLD, CRASHED = range(6)  # fields of a unit
WAIT, SOJOURN, WORK_S, VISITS = range(4)  # totals of a station


@compiled
def spread(w: W, station: int, field: int, level: float, from_s: float, until_s: float) -> None:
    """Add level · dt over [from_s, until_s) to a station's bins."""
    areas = station_bins(w)
    width_s = w.width_s
    index = bin_of(from_s, width_s, w.bins)
    last = bin_of(until_s, width_s, w.bins)
    while index < last:
        edge = (index + 1) * width_s
        if edge > from_s:
            areas[station, index, field] += level * (edge - from_s)
            from_s = edge
        index += 1
    if until_s > from_s:
        areas[station, index, field] += level * (until_s - from_s)


@compiled
def spread_unit(w: W, unit: int, field: int, level: float, from_s: float, until_s: float) -> None:
    """Add level · dt over [from_s, until_s) to a unit's bins."""
    areas = unit_bins(w)
    width_s = w.width_s
    index = bin_of(from_s, width_s, w.bins)
    last = bin_of(until_s, width_s, w.bins)
    while index < last:
        edge = (index + 1) * width_s
        if edge > from_s:
            areas[unit, index, field] += level * (edge - from_s)
            from_s = edge
        index += 1
    if until_s > from_s:
        areas[unit, index, field] += level * (until_s - from_s)


@compiled
def tally(w: W, station: int, field: int, at_s: float) -> None:
    """Count one at a station."""
    station_bins(w)[station, bin_of(at_s, w.width_s, w.bins), field] += 1.0


@compiled
def tally_unit(w: W, unit: int, field: int, at_s: float) -> None:
    unit_bins(w)[unit, bin_of(at_s, w.width_s, w.bins), field] += 1.0


@compiled
def levels(w: W, station: int, waiting: int, served: int, busy: int) -> None:
    """The station's levels go up or down now."""
    s = stations(w)[station]
    now = w.now
    if s.waiting > 0:
        spread(w, station, WAITING, float(s.waiting), s.since_s, now)
    if s.served > 0:
        spread(w, station, SERVED, float(s.served), s.since_s, now)
    if s.busy > 0:
        spread(w, station, BUSY, float(s.busy), s.since_s, now)
    s.since_s = now
    s.waiting += waiting
    s.served += served
    s.busy += busy


@compiled
def unit_levels(w: W, unit: int, ready: int, starting: int, cpu: float) -> None:
    """The unit's levels go up or down now."""
    u = units(w)[unit]
    now = w.now
    if u.ready > 0:
        spread_unit(w, unit, READY_S, float(u.ready), u.since_s, now)
    if u.starting > 0:
        spread_unit(w, unit, STARTING_S, float(u.starting), u.since_s, now)
    if u.cpu > 0:
        spread_unit(w, unit, CPU_S, u.cpu, u.since_s, now)
    u.since_s = now
    u.ready += ready
    u.starting += starting
    u.cpu += cpu


@compiled
def occupy(w: W, replica: int, jobs: int, workers: int) -> None:
    """So many jobs and busy workers more in a replica."""
    r = replicas(w)[replica]
    passed = w.now - r.since_s
    r.flight_area += r.in_flight * passed
    r.busy_area += r.busy * passed
    r.since_s = w.now
    r.in_flight += jobs
    r.busy += workers


@compiled
def leave(w: W, token: int, station: int) -> None:
    """A job leaves the station: what it waited and stayed."""
    t = tokens(w)[token]
    now = w.now
    t.end_s = now
    began = now if math.isnan(t.start_s) else t.start_s
    totals(w)[station, WAIT] += began - t.arrive_s
    totals(w)[station, SOJOURN] += now - t.arrive_s
    totals(w)[station, VISITS] += 1.0


@compiled
def taken_up(w: W, slot: int, at_s: float, where: int, replica: int) -> None:
    """A worker begins on it; the first counts, among several at once the first in the tree."""
    s = slots(w)[slot]
    if at_s < s.start_s or (at_s == s.start_s and where < s.start_where):
        if s.done and at_s >= s.end_s:
            return
        s.start_s = at_s
        s.start_where = where
        s.replica = replica
        if s.done:
            write_row(w, slot)


@compiled
def write_row(w: W, slot: int) -> None:
    if w.keep == 0:
        return
    s = slots(w)[slot]
    row = rows(w)[s.number]
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


@compiled
def count_end(w: W, slot: int) -> None:
    """A request is over: its row, its counts, its latency."""
    s = slots(w)[slot]
    write_row(w, slot)
    index = bin_of(s.scheduled_s, w.width_s, w.bins)
    requests(w)[index, 0] += 1.0
    requests(w)[index, 1 + s.status] += 1.0
    if s.cold_s < s.end_s:
        requests(w)[index, 5] += 1.0
    if s.status == 0:
        latency_s = s.end_s - s.scheduled_s
        requests(w)[index, 6] += latency_s
        requests(w)[index, 7] += latency_s * latency_s
        sketch(w)[index, bucket(latency_s)] += 1
        batch_sum_s(w)[s.batch] += latency_s
        batch_count(w)[s.batch] += 1


@compiled
def count_late_cold(w: W, slot: int) -> None:
    """A request whose end is already in the books turns out to have waited for a cold start before it."""
    s = slots(w)[slot]
    write_row(w, slot)
    requests(w)[bin_of(s.scheduled_s, w.width_s, w.bins), 5] += 1.0
