"""The world as it stands at time 0."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from data.workloads.contract import ClosedSchedule, OpenSchedule
from simulators.engines import _draws as draws
from simulators.engines import _sketch
from simulators.engines._kernel import records as r
from simulators.engines._kernel.flatten import Flattener, Terms, records_of, table
from simulators.engines._kernel.foreseen import ahead, never_fails
from simulators.engines._kernel.state import Records, World, chained, placed
from simulators.engines._moments import Rank, order
from simulators.engines.contract import REQUEST_FIELDS, SPAN, STATION_FIELDS, STATION_TOTALS, UNIT_FIELDS, Task
from simulators.plan import (
    Autoscaled,
    Batching,
    Fixed,
    Kill,
    PerRequest,
    Plan,
    Schedule,
    Slow,
    Station,
    Unit,
)
from simulators.plan.stations import BALANCINGS


def build(task: Task) -> World:
    """All tables and books of a run, and the events known beforehand."""
    plan = task.plan
    terms = Terms(task.seed)
    flat = Flattener(plan, task.seed, terms)
    places = _Places(task, terms)
    duration_s = task.schedule.duration_s
    batches = max(1, -(-task.requests // task.batch_size))
    nodes = records_of(flat.nodes, r.NODE)
    rows = np.zeros(task.requests if task.keep_rows else 1, r.ROW)
    if task.keep_rows and (task.router is not None or isinstance(task.schedule, ClosedSchedule)):
        rows["end_s"] = rows["scheduled_s"] = np.nan
    term_table, samples = terms.tables()
    columns, kept = terms.columns(term_table)
    drawn = terms.drawn_beforehand
    _mark_lanes(nodes, places, term_table, [wake[0] for wake in flat.wakes])
    main = np.zeros(1, r.MAIN)
    opened = task.schedule.at_s if isinstance(task.schedule, OpenSchedule) else np.zeros(0)
    think = task.schedule.think_s if isinstance(task.schedule, ClosedSchedule) else np.zeros((1, 1))
    for name, value in {
        "duration_s": duration_s, "width_s": duration_s / task.bins, "bins": task.bins, "batch_size": task.batch_size,
        "given_up_s": task.given_up_s, "batch": -1,
        "boundary_s": math.inf if task.router is None else 0.0, "steps": len(nodes) + 8,
        "per_user": think.shape[1], "keep": task.keep_rows, "closed": isinstance(task.schedule, ClosedSchedule),
        "versions": len(task.variants), "root": flat.root,
        "release": draws.stream_of(task.seed, "[release]", "version"),
        "columns_used": drawn, "drawn_mask": kept - 1,
        "drawn_upto": 0 if drawn and isinstance(task.schedule, OpenSchedule) else -1,
    }.items():  # fmt: skip
        main[name] = value
    world = World(
        main=main, nodes=nodes, terms=term_table, samples=samples, branches=table(flat.branches, r.BRANCH),
        sizes=table(flat.sizes, r.SIZE), wakes=table(flat.wakes, r.WAKE), slows=places.slows,
        factors=_factors(task), guards=records_of(flat.guards, r.GUARDING),
        outcomes=np.zeros(max(1, flat.outcomes), np.uint8), stations=places.stations, units=places.units,
        kills=np.zeros(max(1, len(plan.faults)), r.RINGED), replicas=places.replicas, desks=places.desks,
        serving=np.zeros(len(places.replicas), r.RINGED), lines=places.lines,
        ends=np.zeros(max(1, places.ends)), starts=np.zeros(max(1, places.starts)),
        vacant=places.vacant, idle=np.zeros(len(places.replicas), r.IDLE),
        wishes=np.zeros(max(1, places.wishes), r.RINGED), changes=np.zeros(max(1, places.changes), r.RINGED),
        tokens=_free(r.TOKEN, 64 * len(nodes) + 1_024), frames=_free(r.FRAME, 64 * len(nodes) + 1_024),
        slots=_free(r.SLOT, 256), near=np.zeros(r.NEAR, r.EVENT), heap=np.zeros(1, r.EVENT),
        pile=np.zeros(len(nodes) + 8, r.PILED),
        shares=np.ones(max(1, len(task.variants))), arrivals=np.ascontiguousarray(opened, np.float64),
        think_s=np.ascontiguousarray(think, np.float64).reshape(-1),
        watch=np.array(sorted(set(task.watch)), np.int64), rows=rows, columns=columns,
        drawn=np.zeros((1 + drawn) * kept), places=np.zeros(r.BLOCK, np.int64), chances=np.zeros(r.BLOCK),
        requests=np.zeros((task.bins + 1, len(REQUEST_FIELDS))),
        sketch=np.zeros((task.bins + 1, _sketch.BUCKETS), np.int32),
        batch_sum_s=np.zeros(batches), batch_count=np.zeros(batches, np.int64),
        station_bins=np.zeros((len(plan.stations), task.bins + 1, len(STATION_FIELDS))),
        totals=np.zeros((len(plan.stations), len(STATION_TOTALS))),
        unit_bins=np.zeros((len(plan.units), task.bins + 1, len(UNIT_FIELDS))),
        spans=np.zeros(4_096 if task.watch else 1, SPAN),
    )  # fmt: skip
    return _first_events(task, world)


def _mark_lanes(nodes: Records, places: _Places, terms: Records, idle_s: list[float]) -> None:
    """Copy what `lane` needs to know of a visit's station and only replica next to the visit."""
    for index in np.flatnonzero(nodes["kind"] == r.VISIT):
        node = nodes[index]
        station = places.stations[node["station"]]
        drawn = {f"{name}_at": _column(terms, node[name]) for name in ("hop_out", "hop_back", "delay", "service")}
        if not station["lane"] or r.NONE in drawn.values():
            continue
        here = {"lane": 1, "place": places.units[node["unit"]]["slots"], "desk": station["desk"]}
        here |= {"ends": places.desks[station["desk"]]["ends"], **drawn}
        here |= {"workers": station["workers"], "queue_limit": station["queue_limit"]}
        here["least_idle_s"] = idle_s[node["wakes"]] if station["wakes"] else math.inf
        for name, value in here.items():
            nodes[name][index] = value


def _column(terms: Records, first: int) -> int:
    """Where a sum is drawn beforehand, NONE where it is not; what takes no time is in the first column."""
    return 0 if first == r.NONE else int(terms["column"][first])


def _free(dtype: np.dtype[np.void], count: int) -> Records:
    records = np.zeros(count, dtype)
    chained(records)
    return records


def _factors(task: Task) -> NDArray[np.float64]:
    return np.array(
        [
            [
                (variant.service_factor.get(s.name, 1.0), variant.error_share.get(s.name, s.error_share))
                for s in task.plan.stations
            ]
            for variant in task.variants
        ]
    )


class _Places:
    """Units, replicas, stations, desks and lines."""

    def __init__(self, task: Task, terms: Terms) -> None:
        self._task, self._plan, self._terms = task, task.plan, terms
        plan = task.plan
        self._units: list[dict[str, object]] = []
        self._stations: list[dict[str, object]] = []
        self._replicas: list[dict[str, object]] = []
        self._desks: list[dict[str, object]] = []
        self._slows: list[tuple[float, float, float]] = []
        self.line_count = self.ends = self.starts = self.wishes = self.changes = 0
        vacant: list[int] = []
        for unit in plan.units:
            vacant += self._unit(unit)
        self.units = records_of(self._units, r.UNIT)
        self.stations = records_of(self._stations, r.STATION)
        self.replicas = records_of(self._replicas, r.REPLICA)
        self.desks = records_of(self._desks, r.DESK)
        self.lines = np.zeros(max(1, self.line_count), r.LINE)
        self.lines["head"] = self.lines["tail"] = r.NONE
        self.slows = table(self._slows, r.SLOW)
        self.vacant = np.array(vacant, np.int64)

    def _unit(self, unit: Unit) -> list[int]:
        index, scaling = len(self._units), unit.scaling
        begun, count = _counts(unit)
        steady = isinstance(scaling, Fixed) and never_fails(self._plan, unit)
        foreseen = ahead(self._plan, unit, unit.stations[0])
        watched = unit.balancing in ("least_connections", "power_of_two") and not isinstance(scaling, PerRequest)
        crash, name, add = unit.crash, unit.name, self._terms.add
        slots = len(self._replicas)
        fields: dict[str, object] = {
            "slots": slots, "count": count, "reached": begun, "steady": steady,
            "balancing": BALANCINGS.index(unit.balancing),
            "counted": watched or (isinstance(scaling, Autoscaled) and not foreseen), "ahead": foreseen,
            "stations": len(unit.stations), "first_station": len(self._stations), "cores": unit.cores or 0.0,
            "capacity": unit.cores or sum(s.workers or 0 for s in unit.stations), "begun": begun, "last": -1,
            "start_up": add(unit.start_up, name, "start-up"),
            "crash": add(crash.every if crash else None, name, "crash"),
            "repair": add(crash.repair if crash else None, name, "repair"),
            "detect_s": crash.detect_s if crash else 0.0,
        }  # fmt: skip
        if isinstance(scaling, Autoscaled):
            fields |= self._autoscaler(scaling)
        elif isinstance(scaling, PerRequest):
            fields |= {
                "scaling": r.PER_REQUEST, "expiry_s": scaling.idle_expiry_s, "provisioned": scaling.provisioned,
                "start_cores": scaling.start_cores or 0.0, "start_planned": r.NONE,
                "vacant_n": count - begun, "idle_n": begun,
            }  # fmt: skip
        self._units.append(fields)
        for slot in range(count):
            up = isinstance(scaling, PerRequest) and slot < begun
            self._replicas.append(
                {"unit": index, "slot": slot, "state": r.READY if up else r.ABSENT,
                 "serial": slot if slot < begun else -1, "top": r.NONE, "planned": r.NONE, "start_token": r.NONE}
            )  # fmt: skip
        for station in unit.stations:
            self._station(index, unit, station, count, slots)
        return list(range(count - 1, begun - 1, -1)) + [0] * begun

    def _autoscaler(self, rules: Autoscaled) -> dict[str, object]:
        wishes = 2 + math.ceil(max(rules.down_stabilisation_s, rules.up_stabilisation_s) / rules.sync_s)
        changes = 2 + math.ceil(rules.period_s / rules.sync_s)
        fields: dict[str, object] = {
            "scaling": r.AUTOSCALED, "target": rules.target, "tolerance": rules.tolerance, "sync_s": rules.sync_s,
            "down_s": rules.down_stabilisation_s, "up_s": rules.up_stabilisation_s, "up_share": rules.up_share,
            "period_s": rules.period_s, "up_replicas": rules.up_replicas, "minimum": rules.minimum,
            "maximum": rules.maximum, "on_flight": rules.metric == "in_flight",
            "wishes": self.wishes, "wishes_size": wishes, "changes": self.changes, "changes_size": changes,
        }  # fmt: skip
        self.wishes += wishes
        self.changes += changes
        return fields

    def _unchanging(self, station: Station, slowed: bool) -> bool:
        """Whether a service is nothing but what its law and its wakes say."""
        changed = len(self._task.variants) > 1 or any(v.service_factor or v.error_share for v in self._task.variants)
        return not (station.error_share or slowed or changed)

    def _station(self, index: int, unit: Unit, station: Station, count: int, slots: int) -> None:
        shared = unit.balancing == "shared_queue"
        one_line = shared or isinstance(unit.scaling, PerRequest)
        foreseen = ahead(self._plan, unit, station)
        limit = -1 if station.queue_limit is None else station.queue_limit
        mine = [f for f in self._plan.faults if isinstance(f, Slow) and f.station == station.name]
        unchanging = self._unchanging(station, bool(mine))
        batching, refresh = station.batching, station.refresh
        fields: dict[str, object] = {
            "unit": index, "workers": station.workers or -1, "queue_limit": limit, "desk": len(self._desks),
            "line": self.line_count if one_line else r.NONE, "wakes": len(station.wakes), "shared": shared,
            "drop": station.drop_abandoned, "deliveries": station.max_deliveries, "ahead": foreseen,
            "plain": unchanging and not station.wakes, "areas": isinstance(unit.scaling, PerRequest),
            "lane": foreseen and unchanging and isinstance(unit.scaling, Fixed) and count == 1,
            "slows": len(mine), "first_slow": len(self._slows),
            "redelivery_s": -1.0 if station.redelivery_s is None else station.redelivery_s, "refresh": r.NONE,
            "refreshes": refresh is not None, "refresh_done_s": math.inf,
        }  # fmt: skip
        if isinstance(batching, Batching):
            fields |= {"batching": r.MICRO_BATCH, "max_size": batching.max_size, "max_wait_s": batching.max_wait_s}
        elif isinstance(batching, Schedule):
            fields |= {"batching": r.SCHEDULED, "every_s": batching.every_s}
        if batching is not None:
            fields["sizes"] = len(batching.by_size)
        if refresh is not None:
            fields |= {
                "refresh": self._terms.add(refresh.duration, station.name, "refresh"),
                "refresh_every_s": refresh.every_s,
                "refresh_next_s": refresh.first_s, "refresh_begun_s": min(0.0, refresh.first_s - refresh.every_s),
            }  # fmt: skip
        self._slows += [(slow.from_s, slow.until_s, slow.factor) for slow in mine]
        for slot in range(count):
            line = self.line_count if one_line else self.line_count + slot
            self._desks.append(
                {"free": station.workers or 2**60, "line": line, "replica": slots + slot,
                 "station": len(self._stations), "ends": self.ends, "starts": self.starts}
            )  # fmt: skip
            self.ends += (station.workers or 0) if foreseen else 0
            self.starts += max(1, limit) if foreseen and limit >= 0 else 0
        self.line_count += 1 if one_line else count
        self._stations.append(fields)


def _counts(unit: Unit) -> tuple[int, int]:
    """Replicas at the start, and places for them."""
    match unit.scaling:
        case Fixed(replicas=count):
            return count, count
        case Autoscaled(begins_with=begins, maximum=maximum):
            return begins, 2 * maximum
        case PerRequest(provisioned=provisioned, concurrency=concurrency):
            return provisioned, concurrency


def _first_events(task: Task, w: World) -> World:
    """What is known beforehand: replicas that stand ready, ticks, syncs, kills, the users' first requests."""
    plan = task.plan
    events: list[tuple[float, int, int, int, int, int]] = []  # (at_s, order, key, stamp, kind, who)
    for index, unit in enumerate(plan.units):
        slots = int(w.units[index]["slots"])
        for replica in range(slots, slots + _counts(unit)[0]):
            if isinstance(unit.scaling, PerRequest):
                _idle(w, index, replica)
            else:
                w.replicas[replica]["state"] = r.DOWN
                events.append((0.0, 0, replica, int(w.replicas[replica]["serial"]), r.E_READY, replica))
        if isinstance(unit.scaling, Autoscaled):
            events.append((unit.scaling.sync_s, order(Rank.SCALE, index, 0), 0, 0, r.E_SCALE, index))
    for index, station in enumerate(plan.stations):
        if isinstance(station.batching, Schedule):
            events.append((station.batching.first_s, order(Rank.TICK, index, 0), 0, 0, r.E_TICK, index))
    for number, fault in enumerate(plan.faults):
        if isinstance(fault, Kill):
            events += _kills(plan, w, number, fault)
    if isinstance(task.schedule, ClosedSchedule):
        per_user = task.schedule.think_s.shape[1]
        for user, at_s in enumerate(task.schedule.think_s[:, 0].tolist() if per_user else []):
            if at_s < task.schedule.duration_s:
                events.append((at_s, order(Rank.START, user * per_user, 0), 0, 0, r.E_START, user * per_user))
                w.main["pending"] += 1
    events.sort()
    heap = np.zeros(2 * len(events) + 8 * len(w.nodes) + 256, r.EVENT)
    heap[: len(events)] = events  # a sorted array is a heap
    w.main["heap_used"] = len(events)
    return placed(w._replace(heap=heap))


def _kills(plan: Plan, w: World, number: int, fault: Kill) -> list[tuple[float, int, int, int, int, int]]:
    unit = [unit.name for unit in plan.units].index(fault.unit)
    w.kills[number]["at_s"] = fault.down_s
    slots = range(_counts(plan.units[unit])[1]) if fault.replica is None else [fault.replica]
    first = int(w.units[unit]["slots"])
    rank = Rank.CRASH
    return [(fault.at_s, order(rank, unit, s), number + 1, number, r.E_KILL, first + s) for s in slots]


def _idle(w: World, unit: int, replica: int) -> None:
    """A provisioned instance stands idle from the start."""
    w.idle[replica] = replica - int(w.units[unit]["slots"]), replica
