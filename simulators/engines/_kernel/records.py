"""The records that the state is made of: plain memory, so that compiled code and numpy share it.

All integers are 64 bits wide, so that a compiled function meets one width only and is compiled once.
"""

from typing import Any

import numpy as np

from simulators.engines._moments import WHERE_BITS, Rank, order


def _numbers(upto: int, first: int = 0) -> tuple[Any, ...]:
    """Constants of full width; a Python number would have functions compiled once for each value they are given."""
    return tuple(np.int64(number) for number in range(first, upto))


ZERO, ONE = _numbers(2)
NONE: Any = np.int64(-1)
ROOT: Any = np.int64(-1)
"""Scope of what the request itself does."""
DETACHED: Any = np.int64(-2)
"""Scope of what nobody waits for."""

# Kinds of node in the flattened tree.
VISIT, CHOICE, CACHE, FORK, JOIN, SPAWN, GUARD, UNGUARD, RELEASE, END, DIE = _numbers(11)
# Kinds of event.
E_START, E_ARRIVE, E_RESUME, E_RETRY, E_COMPLETE, E_CPU, E_TIMEOUT = _numbers(7)
E_WAITED, E_TICK, E_SCALE, E_CRASH, E_KILL, E_READY, E_INSTANCE, E_EXPIRE, E_STARTED = _numbers(16, 7)
# Kinds of frame.
TRY, BRANCHES, HOLD = _numbers(3)
# Where a token is.
AWAY, IN_LINE, IN_SERVICE = _numbers(3)
# States of a replica.
ABSENT, STARTING, READY, DRAINING, DOWN = _numbers(5)
# Kinds of law.
DETERMINISTIC, EXPONENTIAL, LOGNORMAL, GAMMA, EMPIRICAL = _numbers(5)
# Kinds of scaling, batching and balancing.
FIXED, AUTOSCALED, PER_REQUEST = _numbers(3)
SINGLY, MICRO_BATCH, SCHEDULED = _numbers(3)
RANDOM, ROUND_ROBIN, LEAST_CONNECTIONS, POWER_OF_TWO, SHARED_QUEUE = _numbers(5)
# States of a circuit breaker.
CLOSED, OPEN, HALF_OPEN = _numbers(3)
# How a strand on the pile goes on: ahead of its moment, at it, or at the door of a station.
AHEAD, AT_MOMENT, AT_DOOR = _numbers(3)
# First words of moments, by rank (see `_moments`).
_FIRST_WORDS: tuple[Any, ...] = tuple(np.int64(order(rank, 0, 0)) for rank in list(Rank)[1:])
AT_COMPLETE, AT_RESUME, AT_CRASH, AT_READY, AT_EXPIRE, AT_WAITED, AT_TICK, AT_SCALE, AT_START, AT_RETRY, AT_ARRIVE, \
    AT_TIMEOUT = _FIRST_WORDS  # fmt: skip
WHO = WHERE_BITS
"""By how many bits who is shifted."""
# Why the loop came back.
DONE, PAUSED, FULL, BOUNDARY, GIVEN_UP = _numbers(5)
NEAR: Any = np.int64(8)
"""How many events are kept in order in front of the heap (see `queue`)."""
BLOCK = 64
"""For so many requests at a time durations are drawn beforehand (see `blocks`)."""


TABLES = (
    "nodes", "terms", "samples", "branches", "sizes", "wakes", "slows", "factors", "guards", "outcomes", "stations",
    "units", "kills", "replicas", "desks", "lines", "ends", "starts", "vacant", "idle", "serving", "wishes", "changes",
    "tokens", "frames", "slots", "near", "heap", "pile", "shares", "arrivals", "think_s", "watch", "columns", "drawn",
    "places", "chances", "rows", "requests", "sketch", "batch_sum_s", "batch_count", "station_bins", "totals",
    "unit_bins", "spans",
)  # fmt: skip
"""Names of the tables, which `memory` gives access to."""


def _record(**fields: str) -> np.dtype[np.void]:
    return np.dtype(list(fields.items()), align=True)


MAIN = _record(
    **{f"{name}_at": "i8" for name in TABLES}, **{f"{name}_n": "i8" for name in TABLES},
    now="f8", last_s="f8", duration_s="f8", width_s="f8", boundary_s="f8", given_up_s="f8", limit_s="f8",
    next_s="f8", bin_begin_s="f8", bin_end_s="f8", bin="i8", batch_left="i8", batch="i8",
    drawn_last="u8", drawn_kept="u8", drawn_mask="u8", drawn_upto="i8", columns_used="i8",
    near_used="i8", heap_used="i8", tokens_used="i8", token_free="i8", frames_used="i8", frame_free="i8",
    slots_used="i8", slot_free="i8", spans_used="i8", next="i8", pending="i8", arrived="i8", batch_size="i8",
    bins="i8", steps="i8", per_user="i8", used_up="i8", keep="i8", closed="i8", versions="i8", release="u8", root="i8",
)  # fmt: skip
"""One record: where the tables are and how long, the clock, what was drawn beforehand, the free records. next_s: when
the next of all that is planned happens. drawn_last, drawn_kept: the last request drawn for, and for how many up to it
that is still kept; drawn_upto: the next to draw for, -1 for none."""

EVENT = _record(at_s="f8", order="i8", key="u8", stamp="i8", kind="i8", who="i8")
"""A planned moment. stamp: what `who` must still carry for it to count."""

NODE = _record(
    kind="i8", next="i8", inner="i8", first="i8", count="i8", where="i8",
    station="i8", unit="i8", stay="i8", holds="i8", pure="i8",
    hop_out="i8", hop_back="i8", delay="i8", service="i8", cold="i8", start_up="i8", lookup="i8",
    sizes="i8", wakes="i8", errors="u8", balance="u8", choice="u8", hit="f8", guard="i8", need="i8",
    lane="i8", place="i8", desk="i8", ends="i8", workers="i8", queue_limit="i8", least_idle_s="f8",
    hop_out_at="i8", hop_back_at="i8", delay_at="i8", service_at="i8",
)  # fmt: skip
"""A step. next: what follows when it ends well; inner: what is inside; where: its number in the plan's tree. Durations
are indices of terms, NONE for none. pure: whether it can be done ahead of time (see `walk`). lane: whether the visit is
one of those in `lane`; the fields after it are those of its station and only replica, the shortest idle time that has
it wake up, and where the durations are that were drawn beforehand."""

TERM = _record(stream="u8", count="u8", first="i8", p="f8", q="f8", kind="i8", more="i8", run="i8", column="i8")
"""A law with its stream; more: whether the next term adds to it; run: how many terms from the first of a sum on, where
all of them are measured samples, otherwise 0; column: where the sum is drawn beforehand, NONE where it is not."""

COLUMN = _record(first="i8", at="i8")
"""A sum of terms that is drawn beforehand, by the first of them."""

BRANCH = _record(upto="f8", entry="i8")
SIZE = _record(size="i8", term="i8")
WAKE = _record(idle_s="f8", term="i8", occupies="i8")
SLOW = _record(from_s="f8", until_s="f8", factor="f8")

GUARDING = _record(
    timeout_s="f8", base_s="f8", factor="f8", cap_s="f8", jitter="f8", budget="f8", burst="f8", tokens="f8",
    failure_share="f8", open_s="f8", until_s="f8",
    max_retries="i8", window="i8", probes="i8", admitted="i8", good="i8", seen="i8", bad="i8", head="i8", epoch="i8",
    outcomes="i8", on="i8", optional="i8", breaks="i8", circuit="i8",
)  # fmt: skip
"""A guard: its rules, its bucket of tokens and its breaker. on: bit set of statuses that are tried again."""

STATION = _record(
    unit="i8", batching="i8", max_size="i8", workers="i8", queue_limit="i8", desk="i8", line="i8", sizes="i8",
    max_wait_s="f8", every_s="f8", redelivery_s="f8", deliveries="i8", wakes="i8", slows="i8", first_slow="i8",
    drop="i8", shared="i8", ahead="i8", plain="i8", lane="i8", areas="i8", refreshes="i8",
    refresh="i8", refresh_every_s="f8", refresh_next_s="f8", refresh_begun_s="f8", refresh_running_s="f8",
    refresh_done_s="f8", refresh_runs="i8",
    waiting="i8", served="i8", busy="i8", since_s="f8",
)  # fmt: skip
"""A station: rules and levels. ahead: whether service can be worked out on arrival (see `ahead`, `functions_ahead`).
plain: whether a service is nothing but what its law says; lane: whether visits to it are (see `lane`). areas: whether
services are in the books by the job when they are over, not by levels."""

UNIT = _record(
    slots="i8", count="i8", reached="i8", balancing="i8", scaling="i8", stations="i8", first_station="i8",
    steady="i8", counted="i8", cores="f8", capacity="f8",
    start_up="i8", crash="i8", repair="i8", detect_s="f8", begun="i8", last="i8",
    expiry_s="f8", provisioned="i8", vacant_n="i8", idle_n="i8", serving_n="i8", ahead="i8",
    start_cores="f8", start_virtual="f8", start_since_s="f8", start_rate="f8", start_n="i8", start_first="i8",
    start_planned="i8", start_plan="i8",
    target="f8", tolerance="f8", sync_s="f8", down_s="f8", up_s="f8", up_share="f8", period_s="f8",
    up_replicas="i8", minimum="i8", maximum="i8", on_flight="i8",
    wishes="i8", wishes_size="i8", wishes_n="i8", changes="i8", changes_size="i8", changes_n="i8",
    ready="i8", starting="i8", cpu="f8", since_s="f8",
)  # fmt: skip
"""A unit: rules, counters and levels. slots, count: places for replicas, of which the first `reached` were ever taken;
ahead: of one that scales, as of its only station; start_cores … start_plan: the start-ups that share processors, 0
where each has its own."""

REPLICA = _record(
    unit="i8", slot="i8", state="i8", life="i8", serial="i8", noticed_s="f8", in_flight="i8", busy="i8",
    flight_area="f8", busy_area="f8", since_s="f8",
    virtual="f8", cpu_since_s="f8", used_s="f8", rate="f8", jobs="i8", top="i8", planned="i8", plan="i8",
    idle_since_s="f8", expiring="i8", start_finish="f8", start_token="i8",
)  # fmt: skip
"""A place for a replica. virtual … plan: its shared cores; idle_since_s: inf while nobody knows when
it will be idle. since_s of an instance: when it began to stand ready."""

DESK = _record(
    free="i8", serving="i8", idle_since_s="f8", line="i8", replica="i8", station="i8", ends="i8", starts="i8",
    starts_head="i8", starts_n="i8", last_end_s="f8",
)  # fmt: skip
"""The workers of a station in a replica. ends, starts: of services worked out ahead."""

LINE = _record(head="i8", tail="i8", count="i8")
RINGED = _record(at_s="f8", value="i8")
IDLE = _record(serial="i8", replica="i8")

TOKEN = _record(
    key="u8", who_where="i8", deadline_s="f8", arrive_s="f8", start_s="f8", end_s="f8", sent_s="f8", finish="f8",
    extra_s="f8", work_s="f8", back_s="f8", stamp="i8", slot="i8", node="i8", scope="i8", place="i8", life="i8",
    next="i8", batch="i8", replica="i8", child="i8", sibling="i8", tries="i8", deliveries="i8", at="i8", status="i8",
    cold="i8", was_served="i8", live="i8",
)  # fmt: skip
"""One strand of a request's work, and the job it is at a station. next: in line, or the free list; batch: next of its
batch; child, sibling: in the heap of a replica's cores."""

FRAME = _record(
    key="u8", saved_s="f8", deadline_s="f8", at_s="f8", order="i8", at_key="u8", epoch="i8", stamp="i8",
    arrive_s="f8", start_s="f8", sent_s="f8", extra_s="f8",
    kind="i8", node="i8", parent="i8", place="i8", life="i8", tries="i8", replica="i8", own_life="i8", slot="i8",
    ok="i8", bad="i8", next="i8", gone="i8", armed="i8", lost="i8", live="i8", cold="i8",
)  # fmt: skip
"""What a strand will come back to: a try of a guard, a fork, or a worker that is held. saved_s: the deadline outside;
gone: nobody waits for it any more. at_s, order, at_key: the latest of a fork's ends known so far."""

SLOT = _record(
    scheduled_s="f8", end_s="f8", start_s="f8", cold_s="f8", older_s="f8", age_s="f8", aged_s="f8", number="i8",
    bin="i8", batch="i8", start_where="i8", replica="i8", attempts="i8", refs="i8", next="i8", version="i8",
    status="i8", done="i8", watched="i8",
)  # fmt: skip
"""A request under way. refs: strands that still work for it. age_s: of the precomputed answers it was given last, at
aged_s; older_s: of those before; -1 for none."""

ROW = _record(
    scheduled_s="f8", start_s="f8", end_s="f8", staleness_s="f8", replica="i2", attempts="i2", version="i2",
    status="u1", cold="?",
)  # fmt: skip

PILED = _record(at_s="f8", order="i8", key="u8", token="i8", at_moment="i8")
"""A strand that goes on: since when, and as part of which moment."""
