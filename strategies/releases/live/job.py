"""A live release as a job: what the queue runs in a process of its own."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.discovery import kind
from data.home import home
from data.workloads.contract import Workload
from strategies.jobs.job import Progress
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor
from strategies.releases.choices import make_policy
from strategies.releases.contract import ReleasePolicy
from strategies.releases.evidence import digest, quantile_s
from strategies.releases.faults._choosing import make_fault, suited
from strategies.releases.faults.contract import Fault
from strategies.releases.live.held_out import held_out
from strategies.releases.live.release import ReleaseResult, release_live
from strategies.releases.outcome.entries import as_json, latency_seen
from strategies.releases.outcome.keeping import course_file, forget_course, keep
from strategies.training.watch import CancelCheck, never

RELEASE = "strategies.releases.live.job:run_release"
RELEASES = "strategies.releases.live.job:run_releases"
RELEASING = "releasing"
"""The stage in which users ask; the job's message is then the latest decision in words."""
_OPTIONS = ("seed", "users", "slo_s", "label_delay_s")
_MOST_ROWS = 200_000
Rows = NDArray[np.float32]


def run_release(payload: dict[str, Any], progress: Progress, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Release for real, and answer with what happened.

    Parameters
    ----------
    payload
        `package`: folder of the model package. `policy`: as `choices.make_policy` reads it. Optional: `rows`, a .npy
        file with encoded rows, and `truth`, the true answer to each (without rows, held-out ones with their truth);
        `fault` and `fault_settings` (without these, such that the fault shows on the rows); `workload` (its `kind` and
        fields); `where` (of `WAYS`); `label_delay_s`, `seed`, `users`, `slo_s`, `timeout_s`, `workers`; `trace`, the
        name under which the trace is kept in the state folder; `id` and `session`, under which the result is kept for a
        browser, and its decisions while it goes on.

    Returns
    -------
    dict
        `outcome`: `ReleaseOutcome.to_dict()`. `log`: every decision. `totals`: the router's counts. `policy`, `fault`.
        `latency`: see `latencies`. `trace`: the trace's file, where one was asked for.
        `problems`: why the run is not to be trusted. Of a batch: `report` of disagreement and `taken_back`, no totals.
    """
    progress("deploying", 0.0)
    package = ModelPackage.open(Path(payload["package"]))
    rows, truth = _asked_rows(payload, package)
    with _told(payload.get("id", "")) as (latest, decided):
        watching: dict[str, Any] = {
            "on_decision": decided,
            "on_progress": lambda share: progress(RELEASING, share, latest[0]),
            "cancelled": lambda: bool(cancelled()),
        }
        found = WAYS[payload.get("where", "api")](payload, package, rows, truth, watching)
    if payload.get("id"):
        about = {"kind": "live", "plan": payload.get("plan", {})}
        keep(payload["id"], {**found, **about}, payload["session"])
    return found


def run_releases(payload: dict[str, Any], progress: Progress, cancelled: CancelCheck = never) -> dict[str, Any]:
    """Several live releases, one after the other: `releases` holds a payload for each."""
    each = payload["releases"]
    for place, one in enumerate(each):

        def part(stage: str, share: float, _: str = "", /, place: int = place) -> None:
            name = each[place]["policy"]["policy"]
            progress(f"{stage}: {name}, {place + 1} of {len(each)}", (place + share) / len(each), "")

        run_release(one, part, cancelled)
    return {"ids": [one.get("id", "") for one in each]}


def _behind_a_router(
    payload: dict[str, Any], package: ModelPackage, rows: Rows, truth: Any, watching: dict[str, Any]
) -> dict[str, Any]:
    options: dict[str, Any] = {name: payload[name] for name in ("timeout_s", "workers") if name in payload}
    return _requests(release_live, payload, package, rows, truth, {**watching, **options})


def _among_consumers(
    payload: dict[str, Any], package: ModelPackage, rows: Rows, truth: Any, watching: dict[str, Any]
) -> dict[str, Any]:
    from strategies.releases.streamed.release import release_stream  # nats-py takes a quarter of a second to import

    return _requests(release_stream, payload, package, rows, truth, watching)


def _requests(
    release: Callable[..., ReleaseResult],
    payload: dict[str, Any],
    package: ModelPackage,
    rows: Rows,
    truth: Any,
    options: dict[str, Any],
) -> dict[str, Any]:
    """A release that requests come to, one after the other."""
    result = release(
        package, make_policy(payload["policy"]), _workload(payload.get("workload", {})), rows,
        fault=fault_for(payload, package, rows), truth=truth, **options,
        **{name: payload[name] for name in _OPTIONS if name in payload},
    )  # fmt: skip
    found: dict[str, Any] = {
        "outcome": result.outcome.to_dict(), "log": list(result.log), "totals": result.totals,
        "policy": result.policy, "fault": result.fault, "problems": list(result.trace.provenance.problems),
        "latency": latencies(result),
    }  # fmt: skip
    if payload.get("trace"):
        file = home() / "traces" / f"{Path(payload['trace']).name}.parquet"
        result.trace.save(file)
        found["trace"] = str(file)
    return found


def _among_rows(
    payload: dict[str, Any], package: ModelPackage, rows: Rows, truth: Any, watching: dict[str, Any]
) -> dict[str, Any]:
    """As many rows as the traffic would have requests, in a file of their own."""
    from strategies.releases.batched.release import release_batch
    from strategies.releases.batched.staging import rows_file

    workload, seed = _workload(payload.get("workload", {})), int(payload.get("seed", 1))
    n = min(max(round(workload.mean_rate_rps * workload.duration_s), 1), _MOST_ROWS)
    picks = np.random.default_rng([seed, 9]).integers(0, len(rows), n)
    with tempfile.TemporaryDirectory(prefix="drydock-release-") as folder:
        source = rows_file(rows, package.manifest.schema, picks, Path(folder) / "rows.parquet")
        done = release_batch(
            source, package, make_policy(payload["policy"]), Path(folder) / "answers.parquet",
            fault=fault_for(payload, package, rows), seed=seed, truth=truth and [truth[i] for i in picks], **watching,
        )  # fmt: skip
    return {
        "outcome": done.outcome.to_dict(), "log": list(done.log), "policy": done.policy, "fault": done.fault,
        "report": done.report.to_dict() if done.report else None, "taken_back": done.taken_back, "problems": [],
    }  # fmt: skip


WAYS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "api": _behind_a_router, "stream": _among_consumers, "batch": _among_rows,
}  # fmt: skip
"""Where requests meet the two versions, by the name that a payload gives in `where`."""


def check_where(policy: ReleasePolicy, where: str) -> None:
    """`InvalidValue` for a policy that cannot be there, without having started anything."""
    if where == "stream":
        from strategies.releases.streamed.shares import check_expressible

        check_expressible(policy)
    elif where == "batch":
        from strategies.releases.batched.judging import without_latency

        without_latency(policy)


def fault_for(payload: dict[str, Any], package: ModelPackage, rows: NDArray[np.float32]) -> Fault:
    """The fault that a payload names, with its settings, or such as suit these rows."""
    name = payload.get("fault", "none")
    settings = payload.get("fault_settings")
    if settings is None:
        settings = suited(name, rows, load_predictor(package).predict)
    return make_fault(name, settings)


def _asked_rows(payload: dict[str, Any], package: ModelPackage) -> tuple[NDArray[np.float32], Any]:
    if "rows" in payload:
        return np.load(payload["rows"]), payload.get("truth")
    return held_out(package)


@contextmanager
def _told(record_id: str) -> Iterator[tuple[list[str], Callable[[dict[str, Any]], None]]]:
    """The latest decision in words, and who takes decisions down; with an id, a file holds all of them meanwhile."""
    latest = [""]
    lines = course_file(record_id).open("w", buffering=1) if record_id else None

    def decided(entry: dict[str, Any]) -> None:
        latest[0] = str(entry["reason"])
        if lines is not None:
            lines.write(f"{json.dumps(entry)}\n")

    try:
        yield latest, decided
    finally:
        if lines is not None:
            lines.close()
            forget_course(record_id)


def latencies(result: ReleaseResult) -> dict[str, Any]:
    """Latencies as the policy saw them, counts by bucket, and how much longer they were for users, in the median."""
    seen = {version: latency_seen(result.log, version).sum(axis=0) for version in ("old", "new")}
    trace, new = result.trace, result.fault["version"]
    old = np.array([version != new for version in trace.versions] or [False])[trace.version] & trace.ok
    beyond_s = quantile_s(digest(trace.latency_s[old]), 0.5) - quantile_s(seen["old"], 0.5)
    return {**{name: counts.tolist() for name, counts in seen.items()}, "beyond_s": max(0.0, as_json(beyond_s) or 0.0)}


def _workload(choice: dict[str, Any]) -> Workload:
    fields = dict(choice)
    cls = kind("data.workloads", Workload, fields.pop("kind", "poisson"))  # type: ignore[type-abstract]
    made: Workload = cls.model_validate(fields)
    return made
